import type { Overview } from '../../api/models';
import type { ExplainedFigure } from '../../explain/subject';

/** In the order of the API's contract. */
export const RESOURCES = [
  'cpu_cost',
  'memory_cost',
  'storage_cost',
  'network_cost',
  'public_ip_cost',
  'gpu_cost',
  'other_cost',
] as const;
export type Resource = (typeof RESOURCES)[number];

/** The figure that the API explains. */
export function componentOf(resource: Resource): ExplainedFigure {
  return resource.replace('_cost', '') as ExplainedFigure;
}

export interface BreakdownRow {
  resource: Resource;
  cost: number;
  /** Share of the given total, 0 to 1. Null if the total is 0. */
  share: number | null;
}

/** A resource that the API leaves out has no row. */
export function breakdownRows({ cost_breakdown: costs, cost_shares: shares }: Overview): BreakdownRow[] {
  return RESOURCES.flatMap((resource) => {
    const cost = costs[resource];
    return cost === undefined ? [] : [{ resource, cost, share: shares?.[resource] ?? null }];
  });
}
