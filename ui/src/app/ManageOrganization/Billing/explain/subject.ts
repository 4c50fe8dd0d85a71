/** What a drawer explains. Its texts are made where it is shown: they are loaded with it. */
import type { Scope } from '../address';
import type { Forecast, Fresh, Meta, QueryOf, Schemas, Trend } from '../api/models';
import type { Budget } from '../queries/useBudgets';

export type ExplainedFigure = NonNullable<Schemas['Explanation']['figure']>;
export type SummaryFigure = NonNullable<Schemas['OrganizationExplanation']['figure']>;
export type TrendQuery = QueryOf<'/api/billing/organization/trend'>;
export type Anomaly = Schemas['Anomaly'];
export type Compared = Pick<Schemas['ChangedGroup'], 'before' | 'after' | 'difference'> &
  Partial<Pick<Schemas['ChangedGroup'], 'volume' | 'price' | 'new' | 'gone'>> & { rounding?: number };

/** A figure of a project. */
export interface FigureSubject {
  kind: 'figure';
  figure: ExplainedFigure;
  namespace: string;
  /** "2026-11". Null: the running month. */
  period: string | null;
}

/** A figure of the organization, or of the user's projects. */
export interface OrganizationSubject {
  kind: 'organization';
  figure: SummaryFigure;
  period: string | null;
  /** The figure in the view that it is from. */
  shown?: number | null;
}

/** The cost of a range of time. `title` is its name in the view that it is from. */
export interface RangeSubject {
  kind: 'range';
  title: string;
  scope: Scope;
  query: TrendQuery;
  /** A part of a figure can be a unit of the smallest digit more or less than its own cost, so that all parts add up. */
  shown?: number | null;
}

export interface ForecastSubject {
  kind: 'forecast';
  scope: Scope;
  fresh: Fresh<Forecast>;
}

/** A difference to the range before: of the complete cost, or of a group with its filter. */
export interface ChangeSubject {
  kind: 'change';
  title: string;
  scope: Scope;
  filter: string | null;
  compared: Compared;
  fresh: Fresh<Trend>;
}

export interface UnusualSubject {
  kind: 'unusual';
  scope: Scope;
  anomaly: Anomaly;
  fresh: Fresh<Trend>;
}

export interface BudgetSubject {
  kind: 'budget';
  budget: Budget;
  meta: Meta;
}

/** A part of a statement. `period` null: of the running month. */
export interface StatementSubject {
  kind: 'statement';
  part: 'invoiced' | 'fees' | 'usage' | 'adjustments';
  period: string | null;
}

/** A dimension of the pool, with its profile for a GPU. */
export interface PoolSubject {
  kind: 'pool';
  dimension: string;
  profile: string | null;
}

/** What the plan costs in a month. */
export interface PriceSubject {
  kind: 'price';
}

export type ExplainSubject =
  | FigureSubject
  | OrganizationSubject
  | RangeSubject
  | ForecastSubject
  | ChangeSubject
  | UnusualSubject
  | BudgetSubject
  | StatementSubject
  | PoolSubject
  | PriceSubject;

/** A figure of the month: of a project, or of the organization. */
export function monthSubject(scope: Scope, figure: SummaryFigure, period: string | null, shown?: number | null) {
  return scope.kind === 'project'
    ? ({ kind: 'figure', figure, namespace: scope.namespace, period } as const)
    : ({ kind: 'organization', figure, period, ...(shown !== undefined && { shown }) } as const);
}

/** The range of a trend, and a filter of it. */
export function trendRange(
  { from, to, include = [], exclude = [] }: Pick<Trend, 'from' | 'to'> & Partial<Pick<Trend, 'include' | 'exclude'>>,
  filter: string | null = null,
): TrendQuery {
  const only = [...include, ...(filter === null ? [] : [filter])];
  return {
    granularity: 'day',
    from: hourOf(from),
    to: hourOf(to),
    ...(only.length > 0 && { include: only.join(',') }),
    ...(exclude.length > 0 && { exclude: exclude.join(',') }),
  };
}

/** "2026-11-01T00:00:00Z" of "2026-11-01T00:00:00.000Z" */
export function hourOf(moment: string): string {
  return moment.replace('.000Z', 'Z');
}

/** The month of a range of days, "2026-11". Null: it is not one month. */
export function monthOf({ from, to }: Pick<TrendQuery, 'from' | 'to'>): string | null {
  const month = /^(\d{4})-(\d\d)-01$/.exec(from ?? '');
  if (month === null) {
    return null;
  }
  const next = new Date(Date.UTC(Number(month[1]), Number(month[2]), 1)).toISOString().slice(0, 10);
  return next === to ? (from ?? '').slice(0, 7) : null;
}
