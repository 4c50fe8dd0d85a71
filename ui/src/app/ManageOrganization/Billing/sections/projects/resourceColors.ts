import '../../charts/charts.css';

import type { Resource } from './breakdown';

/** A resource has the same colour in the ring and in the table. Each has 3:1 to the page (charts.css). */
export const resourceColors: Record<Resource, string> = {
  cpu_cost: 'var(--billing-chart-1)',
  memory_cost: 'var(--billing-chart-4)',
  storage_cost: 'var(--billing-chart-3)',
  network_cost: 'var(--billing-chart-9)',
  public_ip_cost: 'var(--billing-chart-2)',
  gpu_cost: 'var(--billing-chart-5)',
  other_cost: 'var(--billing-chart-10)',
};
