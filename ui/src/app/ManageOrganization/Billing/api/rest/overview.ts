import { billingSummaryShape, computeInstancesShape, costBreakdownShape, object, overviewShape } from '../checks';
import type { Fresh, Overview } from '../models';
import { type BillingApi, get } from '../request';

export function fetchOverview(api: BillingApi, namespace: string, signal: AbortSignal): Promise<Fresh<Overview>> {
  return get(api, `api/billing/project/${encodeURIComponent(namespace)}/overview`, checkOverview, signal);
}

function checkOverview(data: unknown): Overview {
  const overview = object(data, 'data', overviewShape);
  object(overview.billing_summary, 'billing_summary', billingSummaryShape);
  object(overview.compute_instances, 'compute_instances', computeInstancesShape);
  object(overview.cost_breakdown, 'cost_breakdown', costBreakdownShape);
  return data as Overview;
}
