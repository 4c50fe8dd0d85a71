import { billingSummaryShape, computeInstancesShape, costBreakdownShape, object, overviewShape } from '../checks';
import type { Fresh, Overview } from '../models';
import { type BillingApi, get } from '../request';

export function fetchOverview(
  api: BillingApi,
  namespace: string,
  signal: AbortSignal,
  period?: string,
  previous?: Fresh<Overview | null>,
): Promise<Fresh<Overview | null>> {
  const path = `api/billing/project/${encodeURIComponent(namespace)}/overview`;
  return get(api, period === undefined ? path : `${path}?period=${period}`, checkOverview, signal, previous);
}

/** Null if nothing was ever metered. This is not 0. */
function checkOverview(data: unknown): Overview | null {
  const overview = object(data, 'data', overviewShape);
  if (object(overview.billing_summary, 'billing_summary', {}).current_month_total === null) {
    return null;
  }
  object(overview.billing_summary, 'billing_summary', billingSummaryShape);
  object(overview.compute_instances, 'compute_instances', computeInstancesShape);
  object(overview.cost_breakdown, 'cost_breakdown', costBreakdownShape);
  return data as Overview;
}
