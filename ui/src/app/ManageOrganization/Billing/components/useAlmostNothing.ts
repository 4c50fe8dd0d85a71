import { useMemo } from 'react';

import { useProjectsQuery } from '../queries/useProjectsQuery';

/**
 * The projects whose cost of the month is more than 0 and is rounded to 0. Only the list of the running month has that:
 * a trend and a statement do not. `month`: "2026-11", or "running". Null: a range that is not one month.
 */
export function useAlmostNothing(month: string | null): ReadonlySet<string> {
  const projects = useProjectsQuery(undefined, { enabled: month !== null }).data?.data.projects;
  return useMemo(
    () =>
      new Set(
        projects?.flatMap(({ namespace, billing_summary: summary }) =>
          summary?.almost_nothing === true && (month === 'running' || month === summary.billing_period)
            ? [namespace]
            : [],
        ),
      ),
    [projects, month],
  );
}
