/** Checks of the resources that an organization and a project have. */
import { amountOrNull, list, object } from '../checks';
import type { Forecast, Trend } from '../models';

export function checkTrend(data: unknown): Trend {
  const trend = object(data, 'data', { total: amountOrNull });
  list(trend.groups, 'data.groups').forEach((group) => object(group, 'group', { amount: Number.isFinite }));
  list(trend.buckets, 'data.buckets').forEach((bucket) => object(bucket, 'bucket', { amount: amountOrNull }));
  return data as Trend;
}

export function checkForecast(data: unknown): Forecast {
  const forecast = object(data, 'data', { spent: amountOrNull });
  const band = { p50: amountOrNull, low: amountOrNull, high: amountOrNull };
  object(forecast.total, 'data.total', band);
  object(forecast.remaining, 'data.remaining', band);
  list(forecast.days, 'data.days').forEach((day) => object(day, 'day', { p50: Number.isFinite }));
  return data as Forecast;
}
