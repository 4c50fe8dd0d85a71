import type { CostBreakdown } from '../../api/models';
import { percentagesOf } from '../../money';

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

export interface BreakdownRow {
  resource: Resource;
  cost: number;
  /** Share of the given total, 0 to 1. Null if the total is 0. */
  share: number | null;
}

/** The shares add up to 100 %. The total comes from the API. It is not a floating-point sum. A resource that the API leaves out has no row. */
export function breakdownRows(breakdown: CostBreakdown, total: number): BreakdownRow[] {
  const known = RESOURCES.flatMap((resource) => {
    const cost = breakdown[resource];
    return cost === undefined ? [] : [{ resource, cost }];
  });
  const percentages = percentagesOf(known.map(({ cost }) => cost));
  return known.map((row, index) => ({ ...row, share: total > 0 ? (percentages[index] ?? 0) / 100 : null }));
}
