import { daysOf, type Period, type Scope, useView } from '../../address';
import type { Fresh, Trend } from '../../api/models';
import { todayOf, useHistory } from '../../history';
import { useProjectsQuery } from '../../queries/useProjectsQuery';
import { useScoped } from '../../queries/useScoped';

const MOST_GROUPS = 100;

/** All reads of the section. They run at the same time, except for those that need the API's day. */
export function useOverviewData() {
  const { scope, period } = useView();
  const projects = useProjectsQuery();
  const clock = projects.data;
  const needsDay = period.kind !== 'this-month';
  const trend = useScoped('trend', scope, trendQuery(scope, period, clock), {
    enabled: !needsDay || clock !== undefined,
  });
  const forecast = useScoped('forecast', scope, { horizon: 'month_end' }, { enabled: !needsDay });
  const history = useHistory(scope, clock);
  return { scope, period, projects, trend, forecast, history };
}

function trendQuery(scope: Scope, period: Period, clock: Fresh<unknown> | undefined) {
  return {
    granularity: 'day' as const,
    compare: 'previous' as const,
    limit: MOST_GROUPS,
    group_by: scope.kind === 'organization' ? 'project' : 'sku',
    // Without days it is the API's running month.
    ...(period.kind !== 'this-month' && clock !== undefined && daysOf(period, todayOf(clock))),
  };
}

export type Bucket = Trend['buckets'][number];
export type Group = Trend['groups'][number];
