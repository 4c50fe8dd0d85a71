/** What the bar above the sections chooses: the scope and the period. */
import type { Declaration, Parameter, ValuesOf } from './parameters';

export type Scope = { kind: 'organization' } | { kind: 'project'; namespace: string };
/** `range`: both days are in it, YYYY-MM-DD in the organization's time zone. */
export type Period =
  { kind: 'this-month' | 'last-month' | '30d' | '90d' } | { kind: 'range'; from: string; to: string };
export interface View {
  scope: Scope;
  period: Period;
}

export const NAMED_PERIODS = ['this-month', 'last-month', '30d', '90d'] as const;
export const LONGEST_RANGE_DAYS = 400;
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const ORGANIZATION_SCOPE: Scope = { kind: 'organization' };

const scope: Parameter<Scope> = {
  byDefault: ORGANIZATION_SCOPE,
  read: (namespace) => (NAMESPACE.test(namespace) ? { kind: 'project', namespace } : undefined),
  write: (value) => (value.kind === 'project' ? value.namespace : ''),
};

const period: Parameter<Period> = {
  byDefault: { kind: 'this-month' },
  read: (value) => {
    const named = NAMED_PERIODS.find((kind) => kind === value);
    if (named !== undefined) {
      return { kind: named };
    }
    const [from, to, more] = value.split('..');
    return more === undefined && to !== undefined && isRange(from, to) ? { kind: 'range', from, to } : undefined;
  },
  write: (value) => (value.kind === 'range' ? `${value.from}..${value.to}` : value.kind),
};

/** Parameters of every section. `organization` is the login's (src/shell), and the page keeps it. */
export const VIEW = { project: scope, period } as const satisfies Declaration;
export const OF_THE_LOGIN: Declaration = {
  organization: { byDefault: '', read: (value) => value, write: String } satisfies Parameter<string>,
};

export function viewOf({ project, period: chosen }: ValuesOf<typeof VIEW>): View {
  return { scope: project, period: chosen };
}

/** Whether both are days of the calendar, in order and not more than 400 days. */
export function isRange(from: string | undefined, to: string | undefined): from is string {
  if (from === undefined || to === undefined || !isDay(from) || !isDay(to)) {
    return false;
  }
  const days = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;
  return days >= 1 && days <= LONGEST_RANGE_DAYS;
}

function isDay(text: string): boolean {
  if (!/^20\d\d-\d\d-\d\d$/.test(text)) {
    return false;
  }
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
