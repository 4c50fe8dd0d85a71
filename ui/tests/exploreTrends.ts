/** Responses of the trend and of an explanation that add up, as the API's do. */
import type { Schemas, Trend, TrendBucket } from '../src/app/ManageOrganization/Billing/api/models';
import { withSums } from './trends';

const HOUR = 3_600_000;
const STEPS = { hour: HOUR, day: 24 * HOUR, week: 168 * HOUR, month: 720 * HOUR };

export const TREND_META = {
  as_of: '2025-09-29T15:00:00.000Z',
  complete_through: '2025-09-29T15:00:00.000Z',
  incomplete_hours: 0,
  data_version: 7,
  currency: 'EUR',
  currency_digits: 2,
  time_zone: 'UTC',
  period_state: 'open',
  cost_basis: 'usage',
  stale: false,
};

interface TrendParts {
  granularity?: keyof typeof STEPS;
  groupBy?: string;
  groups?: readonly Pick<Trend['groups'][number], 'name' | 'namespace'>[];
  /** The number of other groups. */
  others?: number;
  from?: string;
  buckets?: number;
  compare?: boolean;
  /** The buckets without data. */
  gaps?: readonly number[];
}

export const PROJECT_GROUPS = ['acme-web', 'acme-data', 'acme-ci'].map((name) => ({ name, namespace: name }));

/** In cents, so that sums are exact. */
function cents(bucket: number, group: number): number {
  return 900 - group * 70 + ((bucket * 131 + group * 57) % 240);
}

const euros = (amount: number) => amount / 100;
const sum = (amounts: readonly number[]) => amounts.reduce((total, one) => total + one, 0);

export function trend(parts: TrendParts = {}): Trend {
  const { granularity = 'day', groupBy = 'project', groups = PROJECT_GROUPS, others = 0 } = parts;
  const { from = '2025-09-01T00:00:00.000Z', buckets: count = 30, compare = true, gaps = [] } = parts;
  const table = Array.from({ length: count }, (_, bucket) =>
    gaps.includes(bucket)
      ? null
      : Array.from({ length: groups.length + (others > 0 ? 1 : 0) }, (_, group) => cents(bucket, group)),
  );
  const known = table.filter((row) => row !== null);
  const columns = Array.from({ length: known[0]?.length ?? 0 }, (_, group) => sum(known.map((row) => row[group] ?? 0)));
  const step = STEPS[granularity];
  const start = Date.parse(from);
  const at = (index: number) => new Date(start + index * step).toISOString();
  return {
    granularity,
    group_by: groupBy,
    include: [],
    exclude: [],
    from: at(0),
    to: at(count),
    total: known.length === 0 ? null : euros(sum(columns)),
    groups: groups.map((group, index) => ({ ...group, amount: euros(columns[index] ?? 0) })),
    rest: others > 0 ? { groups: others, amount: euros(columns.at(-1) ?? 0) } : null,
    buckets: withSums(
      table.map((row, index): TrendBucket => bucketOf(row, at(index), at(index + 1), groups.length, others > 0)),
    ),
    adjustments: [],
    other_currencies: {},
    unrated_lines: 0,
    ...(compare && { compare: comparison(groups, columns) }),
    scope: { organization: 'acme', namespaces: null },
  };
}

function bucketOf(row: number[] | null, from: string, to: string, groups: number, hasRest: boolean): TrendBucket {
  const about = { from, to, incomplete_hours: 0 };
  if (row === null) {
    return { ...about, amount: null, complete: false, state: 'no_data' };
  }
  return {
    ...about,
    amount: euros(sum(row)),
    complete: true,
    state: 'complete',
    groups: row.slice(0, groups).map(euros),
    ...(hasRest && { rest: euros(row[groups] ?? 0) }),
  };
}

/** Each group was 10.00 less before, the rest was the same. */
function comparison(
  groups: NonNullable<TrendParts['groups']>,
  columns: readonly number[],
): NonNullable<Trend['compare']> {
  const changed = (after: number, by: number) => ({
    before: euros(after - by),
    after: euros(after),
    difference: euros(by),
    volume: euros(by),
    price: 0,
    new: 0,
    gone: 0,
  });
  const difference = groups.length * 1000;
  return {
    mode: 'previous',
    from: '2025-08-02T00:00:00.000Z',
    to: '2025-09-01T00:00:00.000Z',
    current: { from: '2025-09-01T00:00:00.000Z', to: '2025-10-01T00:00:00.000Z' },
    incomplete_hours: 0,
    total: euros(sum(columns) - difference),
    difference: euros(difference),
    volume: euros(difference),
    price: 0,
    new: 0,
    gone: 0,
    groups: groups.map((group, index) => ({ ...group, ...changed(columns[index] ?? 0, 1000) })),
    rest: null,
    shown: groups.map((_, index) => {
      const { before, after, difference: by } = changed(columns[index] ?? 0, 1000);
      return { before, after, difference: by };
    }),
    ...(columns.length > groups.length && {
      not_shown: { groups: 3, before: euros(columns.at(-1) ?? 0), after: euros(columns.at(-1) ?? 0), difference: 0 },
    }),
    other_currencies: {},
    unrated_lines: 0,
  };
}

/** 500 projects over 90 days: nine of them, and the others together. */
export const largeTrend = () =>
  trend({
    buckets: 90,
    others: 491,
    groups: Array.from({ length: 9 }, (_, index) => ({ name: `acme-team-${index}`, namespace: `acme-team-${index}` })),
  });

export function explanation(part: Partial<Schemas['Explanation']> = {}): Schemas['Explanation'] {
  return {
    namespace: 'acme-web',
    figure: 'current_month_total',
    period: '2025-09',
    include: [],
    exclude: [],
    from: '2025-09-01T00:00:00.000Z',
    to: '2025-10-01T00:00:00.000Z',
    value: 21.89,
    exact: 21.887894976,
    rounding: 0.002105024,
    rows: [
      {
        sku: 'cpu_core_hour',
        component: 'cpu',
        unit: 'core hour',
        workload: 'Deployment/shop',
        source: 'prometheus',
        hours: 662,
        quantity: 600,
        amount: 17.88,
        price: { id: 2, list: null, unit_price: 0.0298, valid_from: '2025-08-12T00:00:00.000Z', valid_until: null },
      },
      {
        sku: 'memory_gib_hour',
        component: 'memory',
        unit: 'GiB hour',
        workload: '-',
        source: 'csv',
        hours: 640,
        quantity: 400.7894976,
        amount: 4.007894976,
        price: {
          id: 5,
          list: 'acme',
          unit_price: 0.01,
          valid_from: '2025-08-12T00:00:00.000Z',
          valid_until: '2025-09-20T00:00:00.000Z',
        },
      },
    ],
    rest: null,
    adjustments: [],
    adjustments_rest: [],
    ...part,
  };
}

/** Of three projects, with a price of each kind. */
export function organizationExplanation(
  part: Partial<Schemas['OrganizationExplanation']> = {},
): Schemas['OrganizationExplanation'] {
  const price = { id: 2, list: null, valid_from: '2025-08-12T00:00:00.000Z', valid_until: null };
  const row = { uid: '', component: 'cpu', unit: 'core hour', quantity: 600 };
  return {
    figure: 'current_month_total',
    period: '2025-09',
    include: [],
    exclude: [],
    from: '2025-09-01T00:00:00.000Z',
    to: '2025-10-01T00:00:00.000Z',
    value: 22.53,
    exact: 22.53,
    rounding: 0,
    rows: [
      {
        ...{ ...row, namespace: 'acme-data', sku: 'cpu_core_hour', amount: 17.88 },
        price: { ...price, rating: 'unit', unit_price: 0.0298 },
      },
      {
        ...{ ...row, namespace: 'acme-web', sku: 'public_ip_hour', amount: 3.65 },
        price: { ...price, rating: 'month', unit_price: 3.65 },
      },
      {
        ...{ ...row, namespace: 'acme-ci', sku: 'network_gib', amount: 1 },
        price: { ...price, rating: 'steps', unit_price: null },
      },
    ],
    rest: null,
    adjustments: [],
    other_currencies: {},
    unrated_lines: 0,
    scope: { organization: 'acme', namespaces: null },
    ...part,
  };
}
