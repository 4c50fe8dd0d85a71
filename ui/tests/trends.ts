/** Example responses of trend and forecast, for tests with fixed responses. The running month is September 2025. */
import type { Forecast, Trend } from '../src/app/ManageOrganization/Billing/api/models';

const DAY = 86_400_000;
/** 29 September 2025, 15:00 UTC: the day that runs. */
const RUNNING = Date.UTC(2025, 8, 29);

function bucket(start: number, amounts: number[], gap: boolean) {
  const amount = Math.round(amounts.reduce((sum, one) => sum + one, 0) * 100) / 100;
  const times = { from: new Date(start).toISOString(), to: new Date(start + DAY).toISOString() };
  const isKnown = start <= RUNNING && !gap;
  return {
    ...times,
    amount: isKnown ? amount : null,
    complete: start < RUNNING && !gap,
    state: start > RUNNING ? 'future' : gap ? 'no_data' : start === RUNNING ? 'running' : 'complete',
    incomplete_hours: gap ? 24 : 0,
    ...(isKnown && { groups: amounts, rounding: 0 }),
  } as Trend['buckets'][number];
}

function days(from: number, count: number, amountsOf: (day: number) => number[], gaps: number[] = []) {
  return withSums(
    Array.from({ length: count }, (_, day) => bucket(from + day * DAY, amountsOf(day), gaps.includes(day))),
  );
}

/** With the running sum of each bucket that has an amount. */
export function withSums(buckets: Trend['buckets']): Trend['buckets'] {
  let minor = 0;
  return buckets.map((one) => {
    minor += Math.round((one.amount ?? 0) * 100);
    return one.amount === null ? one : { ...one, cumulative: minor / 100 };
  });
}

const NAMES = ['acme-web', 'acme-data', 'acme-ci', 'acme-sandbox'];
const ofDay = (day: number) => [57.67 + (day % 7), 22.09, 3.01 + (day === 12 ? 30 : 0), 0];
const groups = (amounts: number[]) =>
  NAMES.map((name, index) => ({ name, namespace: name, uid: name, amount: amounts[index] ?? 0 }));

function changed(name: string, difference: number, volume: number, price: number) {
  return {
    ...{ name, namespace: name, uid: name, before: 100, after: 100 + difference, difference },
    ...{ volume, price, new: 0, gone: 0 },
  };
}

/** September so far, with a day without data and an unusual day. */
export function trend(part: Partial<Trend> = {}): Trend {
  const buckets = days(Date.UTC(2025, 8, 1), 30, ofDay, [4]);
  return {
    granularity: 'day',
    group_by: 'project',
    from: buckets[0]?.from ?? '',
    to: buckets[29]?.to ?? '',
    total: 2400,
    rounding: 0,
    groups: groups([1672.31, 640.5, 87.19, 0]),
    rest: null,
    buckets,
    adjustments: [],
    other_currencies: {},
    unrated_lines: 0,
    scope: { organization: 'acme', namespaces: null },
    compare: {
      mode: 'previous',
      from: '2025-08-01T00:00:00.000Z',
      to: '2025-08-29T15:00:00.000Z',
      current: { from: '2025-09-01T00:00:00.000Z', to: '2025-09-29T15:00:00.000Z' },
      incomplete_hours: 0,
      total: 2300,
      difference: 100,
      ratio: 0.0435,
      volume: 70,
      price: 30,
      new: 0,
      gone: 0,
      groups: [changed('acme-ci', 60, 60, 0), changed('acme-web', 45.5, 15.5, 30), changed('acme-data', -5.5, -5.5, 0)],
      rest: null,
      shown: [45.5, -5.5, 60, 0].map((difference) => ({ before: 100, difference, ratio: difference / 100 })),
      other_currencies: {},
      unrated_lines: 0,
    },
    anomalies: [
      {
        date: '2025-09-13',
        amount: 116.77,
        expected: { p50: 85, low: 80.11, high: 90.02 },
        beyond: 26.75,
        groups: [{ kind: 'project', name: 'acme-ci', amount: 29.5 }],
      },
    ],
    ...part,
  } as Trend;
}

/** August and September. */
export function history(): Trend {
  return trend({ buckets: days(Date.UTC(2025, 7, 1), 60, ofDay, [35]), from: '2025-08-01T00:00:00.000Z' });
}

export function forecast(part: Partial<Forecast> = {}): Forecast {
  return {
    period: '2025-09',
    horizon: 'month_end',
    level: 80,
    from: '2025-09-01T00:00:00.000Z',
    until: '2025-10-01T00:00:00.000Z',
    spent: 2400,
    remaining: { p50: 110.5, low: 95.1, high: 131.2 },
    total: { p50: 2510.5, low: 2495.1, high: 2531.2 },
    days: [
      { date: '2025-09-29', p50: 30.5, low: 28, high: 34 },
      { date: '2025-09-30', p50: 80, low: 70, high: 92 },
    ],
    method: 'weighted_models',
    quality: 'ok',
    backtest: { origins: 23, error: 0.02, coverage: 0.83 },
    unrated_lines: 0,
    scope: { organization: 'acme', namespaces: null },
    ...part,
  };
}
