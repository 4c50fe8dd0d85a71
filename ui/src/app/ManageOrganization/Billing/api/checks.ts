/** Checks of API responses. An invalid member is an error with its name. It is never shown as 0. */
import { isRecord } from './request';

type Shape = Record<string, (value: unknown) => boolean>;

const amount = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
export const amountOrNull = (value: unknown) => value === null || amount(value);
const text = (value: unknown) => typeof value === 'string';
const textOrNull = (value: unknown) => value === null || text(value);

export const currencyTotalShape: Shape = {
  currency: textOrNull,
  current_month_total: amount,
  last_day_spend: amountOrNull, // null for an earlier month
  total_cost_per_hour: amountOrNull,
};
export const billingSummaryShape: Shape = { ...currencyTotalShape, billing_period: text };
export const computeInstancesShape: Shape = {
  running_pods: amount,
  running_vms: amount,
  cpu_cores: amount,
  memory_gib: amount,
  cost_per_hour: amountOrNull,
};
export const costBreakdownShape: Shape = {
  cpu_cost: amount,
  memory_cost: amount,
  storage_cost: amount,
  network_cost: amount,
  public_ip_cost: amount,
};
export const projectShape: Shape = { namespace: text, error: textOrNull };
export const projectListShape: Shape = { organization: text, total: amount, unpriced: amount };
export const overviewShape: Shape = { namespace: text };

/** The value as an object of that shape. Throws a TypeError that names the invalid member. */
export function object(value: unknown, name: string, shape: Shape): Record<string, unknown> {
  if (!isRecord(value)) {
    throw new TypeError(`${name} is not an object`);
  }
  for (const [member, holds] of Object.entries(shape)) {
    if (!holds(value[member])) {
      throw new TypeError(`${name}.${member} is ${String(value[member])}`);
    }
  }
  return value;
}

export function list(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`${name} is not a list`);
  }
  return value;
}
