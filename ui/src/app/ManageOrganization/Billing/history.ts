/** The days of the last month and of the running month, by project: spark lines and the line of the last month. */
import type { UseQueryResult } from '@tanstack/react-query';

import { addDays, firstOfMonth, type Scope, todayIn } from './address';
import type { Fresh, Trend } from './api/models';
import { serverTime } from './now';
import { useScoped } from './queries/useScoped';

const SPARK_DAYS = 30;
const UNFINISHED = ['future', 'running', 'incomplete'];
/** A project with a lower cost has no spark line. */
export const MOST_GROUPS = 100;

/** By namespace. A day without data is null. */
export type DailyCosts = ReadonlyMap<string, readonly (number | null)[]>;

export const NO_HISTORY: DailyCosts = new Map();

/**
 * Days from the first of the last month (or 30 days ago) until today. `clock` is any response: its time and time zone
 * decide which day is today.
 */
export function useHistory(scope: Scope, clock: Fresh<unknown> | undefined): UseQueryResult<Fresh<Trend>> {
  const today = clock === undefined ? '' : todayOf(clock);
  const from =
    [firstOfMonth(today || '2000-01-01', -1), addDays(today || '2000-01-01', 1 - SPARK_DAYS)].sort()[0] ?? '';
  return useScoped(
    'trend',
    scope,
    {
      from,
      to: addDays(today || '2000-01-01', 1),
      granularity: 'day',
      limit: MOST_GROUPS,
      ...(scope.kind === 'organization' && { group_by: 'project' }),
    },
    { enabled: clock !== undefined },
  );
}

/** The organization's day at the API. */
export function todayOf(clock: Fresh<unknown>): string {
  return todayIn(clock.meta.time_zone ?? 'UTC', serverTime(clock, Date.now()));
}

/**
 * Without the running day and what comes after it. A running day with a missing hour is `incomplete`, and so are days
 * whose usage is late: at the end of a line they would look like a fall of the cost.
 */
export function completeDays<Day extends { state: string }>(days: readonly Day[]): Day[] {
  return days.slice(0, days.findLastIndex(({ state }) => !UNFINISHED.includes(state)) + 1);
}

/** The last 30 days of each project. The running day is not one of them: its cost is not complete. */
export function dailyCosts(trend: Trend | undefined): DailyCosts {
  const costs = new Map<string, (number | null)[]>();
  const buckets = completeDays(trend?.buckets ?? []).slice(-SPARK_DAYS);
  trend?.groups.forEach(({ namespace }, index) => {
    if (namespace != null && !costs.has(namespace)) {
      costs.set(
        namespace,
        buckets.map((bucket) => bucket.groups?.[index] ?? null),
      );
    }
  });
  return costs;
}
