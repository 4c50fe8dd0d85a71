/** The lines of the chart: the cost since the first day of the period, by day. */
import { todayIn } from '../../address';
import type { Forecast, Meta, Trend } from '../../api/models';
import type { Bucket } from './useOverviewData';

export interface Course {
  /** Days of the calendar. */
  days: string[];
  main: (number | null)[];
  earlier: (number | null)[];
  forecast: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
}

/**
 * The course of a period. `history` has the days of the last month, if the period is the running month. A day without
 * data is a gap. Between now and the end of the month, the band is drawn in the proportion of the forecast's days: only
 * its ends are figures of the API.
 */
export function courseOf(trend: Trend, meta: Meta, history: Trend | undefined, forecast: Forecast | undefined): Course {
  const digits = meta.currency_digits ?? 2;
  const days = trend.buckets.map((bucket) => dayOf(bucket, meta));
  const main = runningSums(trend.buckets, trend.buckets, digits);
  const first = days[0] ?? '';
  const past = history?.buckets ?? [];
  const lastMonth = past.filter((bucket) => monthBefore(dayOf(bucket, meta), first));
  const earlier = runningSums(past, lastMonth, digits);
  const length = Math.max(days.length, earlier.length);
  const fill = <Value>(values: Value[], empty: Value) => Array.from({ length }, (_, index) => values[index] ?? empty);
  return {
    days: fill(days, ''),
    main: fill<number | null>(main, null),
    earlier: fill<number | null>(earlier, null),
    ...forecastLines(forecast, days, main, length),
  };
}

/** Of the organization's calendar. */
export function dayOf(bucket: Bucket, meta: Meta): string {
  return todayIn(meta.time_zone ?? 'UTC', new Date(bucket.from));
}

function monthBefore(day: string, first: string): boolean {
  const month = new Date(`${first}T00:00:00Z`);
  month.setUTCMonth(month.getUTCMonth() - 1);
  return day.slice(0, 7) === month.toISOString().slice(0, 7);
}

/** The API's running sums, from the first of `buckets` on: the trend can begin before it. */
function runningSums(all: readonly Bucket[], buckets: readonly Bucket[], digits: number): (number | null)[] {
  const unit = 10 ** digits;
  const first = buckets[0] === undefined ? 0 : all.indexOf(buckets[0]);
  const before = all.slice(0, first).findLast((bucket) => bucket.cumulative != null)?.cumulative ?? 0;
  return buckets.map(({ cumulative }) => (cumulative == null ? null : Math.round((cumulative - before) * unit) / unit));
}

type Lines = Pick<Course, 'forecast' | 'low' | 'high'>;

function forecastLines(forecast: Forecast | undefined, days: string[], main: (number | null)[], length: number): Lines {
  const none = Array.from({ length }, (): number | null => null);
  const { p50, low, high } = forecast?.total ?? {};
  const spent = forecast?.spent;
  if (p50 == null || low == null || high == null || spent == null) {
    return { forecast: none, low: none, high: none };
  }
  const shares = sharesByDay(forecast, days);
  const now = main.findLastIndex((amount) => amount !== null);
  const line = (end: number) =>
    none.map((_none, index) => {
      const share = shares[index];
      return index === now ? spent : share === undefined || index < now ? null : spent + (end - spent) * share;
    });
  return { forecast: line(p50), low: line(low), high: line(high) };
}

/** How much of what remains is spent at the end of each day, 0 to 1. Undefined: the day has no forecast. */
function sharesByDay(forecast: Forecast | undefined, days: string[]): (number | undefined)[] {
  const amounts = new Map(forecast?.days.map((day) => [day.date, day.p50]));
  const total = [...amounts.values()].reduce((sum, amount) => sum + amount, 0);
  let sum = 0;
  return days.map((day) => {
    const amount = amounts.get(day);
    sum += amount ?? 0;
    return amount === undefined ? undefined : total > 0 ? sum / total : 1;
  });
}
