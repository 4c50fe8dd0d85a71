/** What a drawer explains. */
import type { Scope } from '../address';
import type { QueryOf, Schemas } from '../api/models';

export type ExplainedFigure = Schemas['Explanation']['figure'];
export type TrendQuery = QueryOf<'/api/billing/organization/trend'>;

/** A figure of a project. */
export interface FigureSubject {
  kind: 'figure';
  figure: ExplainedFigure;
  namespace: string;
  /** "2026-11". Null: the running month. */
  period: string | null;
}

/** A figure of a range of time. `title` is its name in the view that it is from. */
export interface RangeSubject {
  kind: 'range';
  title: string;
  scope: Scope;
  query: TrendQuery;
}

export type ExplainSubject = FigureSubject | RangeSubject;

/** The month of a range of days, "2026-11". Null: it is not one month. */
export function monthOf({ from, to }: Pick<TrendQuery, 'from' | 'to'>): string | null {
  const month = /^(\d{4})-(\d\d)-01$/.exec(from ?? '');
  if (month === null) {
    return null;
  }
  const next = new Date(Date.UTC(Number(month[1]), Number(month[2]), 1)).toISOString().slice(0, 10);
  return next === to ? (from ?? '').slice(0, 7) : null;
}

/** The parts that a figure of a range is shown in: the projects of an organization, the SKUs of a project. */
export function partsOf({ scope, query }: RangeSubject): TrendQuery {
  const isOneProject = scope.kind === 'project' || /(^|,)project:/.test(query.include ?? '');
  return { ...query, group_by: isOneProject ? 'sku' : 'project', limit: 100 };
}

/** What a part of a range is made of: a project of the organization. */
export function partSubject(subject: RangeSubject, namespace: string): ExplainSubject {
  const { query } = subject;
  const month = monthOf(query);
  if (month !== null && query.include === undefined && query.exclude === undefined) {
    return { kind: 'figure', figure: 'current_month_total', namespace, period: month };
  }
  return { kind: 'range', title: namespace, scope: { kind: 'project', namespace }, query };
}
