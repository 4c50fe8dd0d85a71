/** What the figures of Explore are made of, for the drawer. */
import {
  type ExplainedFigure,
  type ExplainSubject,
  hourOf,
  monthOf,
  monthSubject,
  type TrendQuery,
} from '../../explain/subject';
import { type Filter, withFilter } from './filters';
import type { Choice } from './useExplore';

const COMPONENTS: readonly ExplainedFigure[] = ['cpu', 'memory', 'storage', 'network', 'public_ip', 'gpu', 'other'];

/** Of a group, or of the total without `filter`. `shown`: its amount. */
export function subjectOf(choice: Choice, title: string, filter: Filter | null, shown: number | null): ExplainSubject {
  const { scope } = choice;
  const isFiltered = choice.include.length + choice.exclude.length > 0;
  const period = monthOf(choice);
  const owner = filter?.kind === 'project' ? filter.value : scope.kind === 'project' ? scope.namespace : null;
  const figure = figureOf(filter);
  if (owner !== null && !isFiltered && period !== null && figure !== null) {
    return { kind: 'figure', figure, namespace: owner, period };
  }
  if (filter === null && !isFiltered && period !== null) {
    return monthSubject(scope, 'current_month_total', period, shown);
  }
  if (filter?.kind === 'project' && !isFiltered) {
    const project = { kind: 'project', namespace: filter.value } as const;
    return { kind: 'range', title, scope: project, query: queryOf(choice, null), shown };
  }
  return { kind: 'range', title, scope, query: queryOf(choice, filter), shown };
}

/** Of a bar. */
export function bucketSubject(
  choice: Choice,
  title: string,
  { from, to, amount }: { from: string; to: string; amount: number | null },
): ExplainSubject {
  const query = queryOf({ ...choice, from: hourOf(from), to: hourOf(to) }, null);
  return { kind: 'range', title, scope: choice.scope, query, shown: amount };
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
