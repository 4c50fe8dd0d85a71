/** Filters in the form of the API and of the address: `component:cpu`, `workload:acme-web/Deployment/api`. */

export const FILTER_KINDS = ['project', 'component', 'sku', 'workload', 'label'] as const;
export type FilterKind = (typeof FILTER_KINDS)[number];

export interface Filter {
  kind: FilterKind;
  /** Of a label: `team=payments`, or `team` for usage without it. */
  value: string;
}

/** Null: it is not a filter. A comma would be the begin of the next one. */
export function filterOf(text: string): Filter | null {
  const [kind, ...rest] = text.split(':');
  const found = FILTER_KINDS.find((known) => known === kind);
  const value = rest.join(':').trim();
  return found === undefined || value === '' || value.includes(',') ? null : { kind: found, value };
}

export function filterText({ kind, value }: Filter): string {
  return `${kind}:${value}`;
}

/** The kinds of a scope. A project has no projects. */
export function kindsOf(isProject: boolean): readonly FilterKind[] {
  return isProject ? FILTER_KINDS.filter((kind) => kind !== 'project') : FILTER_KINDS;
}

export interface NamedGroup {
  name: string | null;
  namespace?: string | null | undefined;
}

/** The filter that a group of a trend is. */
export function filterOfGroup(groupBy: string, group: NamedGroup): Filter | null {
  if (groupBy.startsWith('label:')) {
    const key = groupBy.slice('label:'.length);
    return { kind: 'label', value: group.name === null ? key : `${key}=${group.name}` };
  }
  const kind = FILTER_KINDS.find((known) => known === groupBy);
  if (kind === undefined || group.name === null) {
    return null;
  }
  return { kind, value: kind === 'workload' ? `${group.namespace ?? ''}/${group.name}` : group.name };
}

/** The list with the filter, or the same list if it has it. */
export function withFilter(filters: readonly string[], added: Filter): readonly string[] {
  const text = filterText(added);
  return filters.includes(text) ? filters : [...filters, text];
}
