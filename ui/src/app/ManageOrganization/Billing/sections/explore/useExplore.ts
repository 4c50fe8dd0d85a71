import { useMemo } from 'react';

import { daysOf, type Scope, useSectionParameters, useView } from '../../address';
import type { TrendQuery } from '../../explain/subject';
import { EXPLORE } from './parameters';

export type Granularity = NonNullable<TrendQuery['granularity']>;

/** What the address chooses. */
export interface Choice {
  scope: Scope;
  groupBy: string;
  granularity: Granularity;
  /** The address wants bars by the hour, and the period is too long for them. */
  lacksHours: boolean;
  isCompared: boolean;
  include: readonly string[];
  exclude: readonly string[];
  /** The API's range: half-open, days of the organization's time zone. */
  from: string;
  to: string;
  /** The number of days of the range. */
  days: number;
}

export interface Explore {
  choice: Choice;
  change: ReturnType<typeof useSectionParameters<typeof EXPLORE>>[1];
}

/** A response has at most 400 bars. */
const MOST_BARS = 400;
/** Nine groups, and one bar for all others. */
const GROUPS = 9;

/** Longest period with bars by the hour. */
export const MOST_DAYS_OF_HOURS = Math.floor(MOST_BARS / 24);

export function fitsHours(days: number): boolean {
  return days <= MOST_DAYS_OF_HOURS;
}

/** `today`: the organization's day. */
export function useExplore(today: string): Explore {
  const { scope, period } = useView();
  const [values, change] = useSectionParameters(EXPLORE);
  const choice = useMemo<Choice>(() => {
    const { from, to } = daysOf(period, today);
    const days = (Date.parse(to) - Date.parse(from)) / 86_400_000;
    const isProject = scope.kind === 'project';
    const chosen = values.group_by === 'project' && isProject ? undefined : values.group_by;
    return {
      scope,
      groupBy: chosen ?? (isProject ? 'component' : 'project'),
      granularity: values.by === 'hour' && !fitsHours(days) ? 'day' : values.by,
      lacksHours: values.by === 'hour' && !fitsHours(days),
      isCompared: values.compare,
      include: values.include,
      exclude: values.exclude,
      from,
      to,
      days,
    };
  }, [scope, period, today, values]);
  return { choice, change };
}

/** The request of a choice. */
export function trendQueryOf(choice: Choice): TrendQuery {
  const { include, exclude } = choice;
  return {
    granularity: choice.granularity,
    group_by: choice.groupBy,
    from: choice.from,
    to: choice.to,
    limit: GROUPS,
    ...(choice.isCompared && { compare: 'previous' as const }),
    ...(include.length > 0 && { include: include.join(',') }),
    ...(exclude.length > 0 && { exclude: exclude.join(',') }),
  };
}
