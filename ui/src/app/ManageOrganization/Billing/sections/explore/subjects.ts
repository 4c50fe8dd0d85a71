/** What the figures of Explore are made of, for the drawer. */
import type { ExplainedFigure, ExplainSubject, TrendQuery } from '../../explain/subject';
import { monthOf } from '../../explain/subject';
import { type Filter, withFilter } from './filters';
import type { Choice } from './useExplore';

const COMPONENTS: readonly ExplainedFigure[] = ['cpu', 'memory', 'storage', 'network', 'public_ip', 'gpu', 'other'];

/** Of a group, or of the total without `filter`. */
export function subjectOf(choice: Choice, title: string, filter: Filter | null): ExplainSubject {
  const { scope } = choice;
  const isFiltered = choice.include.length + choice.exclude.length > 0;
  const period = monthOf(choice);
  const owner = filter?.kind === 'project' ? filter.value : scope.kind === 'project' ? scope.namespace : null;
  const figure = figureOf(filter);
  if (owner !== null && !isFiltered && period !== null && figure !== null) {
    return { kind: 'figure', figure, namespace: owner, period };
  }
  if (filter?.kind === 'project' && !isFiltered) {
    return { kind: 'range', title, scope: { kind: 'project', namespace: filter.value }, query: queryOf(choice, null) };
  }
  return { kind: 'range', title, scope, query: queryOf(choice, filter) };
}

/** Of a bar. */
export function bucketSubject(
  choice: Choice,
  title: string,
  { from, to }: { from: string; to: string },
): ExplainSubject {
  return {
    kind: 'range',
    title,
    scope: choice.scope,
    query: queryOf({ ...choice, from: hour(from), to: hour(to) }, null),
  };
}

/** A figure of a project's month, if it is one. */
function figureOf(filter: Filter | null): ExplainedFigure | null {
  if (filter === null || filter.kind === 'project') {
    return 'current_month_total';
  }
  return filter.kind === 'component' ? (COMPONENTS.find((one) => one === filter.value) ?? null) : null;
}

function queryOf({ from, to, include, exclude, days }: Choice, filter: Filter | null): TrendQuery {
  const only = filter === null ? include : withFilter(include, filter);
  return {
    granularity: days > 31 ? 'month' : 'day',
    from,
    to,
    ...(only.length > 0 && { include: only.join(',') }),
    ...(exclude.length > 0 && { exclude: exclude.join(',') }),
  };
}

/** "2026-11-01T00:00:00Z" of "2026-11-01T00:00:00.000Z" */
function hour(moment: string): string {
  return moment.replace('.000Z', 'Z');
}
