import type { Scope } from '../../address';
import type { Trend } from '../../api/models';
import { scopedAddress } from '../../queries/useScoped';
import { trendRange } from '../subject';

/** The request of a trend that the page has. */
export function trendAddress(scope: Scope, trend: Trend): string {
  return scopedAddress('trend', scope, {
    ...trendRange(trend),
    granularity: trend.granularity,
    group_by: trend.group_by,
    limit: Math.max(1, trend.groups.length),
    ...(trend.compare !== undefined && { compare: trend.compare.mode }),
  });
}
