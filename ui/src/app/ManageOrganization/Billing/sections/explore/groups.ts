/** The rows of the table and the series of the chart. All amounts are those of the API. */
import type { Trend } from '../../api/models';
import type { BarBucket, BarSeries } from '../../charts/Bars';
import { OTHER_MARK } from '../../charts/marks';
import { type Filter, filterOfGroup } from './filters';

export interface GroupRow {
  key: string;
  kind: 'group' | 'rest' | 'rounding';
  /** Null: usage without the label. */
  name: string | null;
  namespace: string | null;
  /** Of the rest: the number of its groups. */
  count: number;
  mark: number | null;
  amount: number;
  /** Undefined: there is no comparison. Of the rest, groups that are gone count too. */
  before: number | undefined;
  difference: number | undefined;
  /** Null: it cannot be a filter. */
  filter: Filter | null;
}

type Group = Trend['groups'][number];

export function rowsOf(trend: Trend): GroupRow[] {
  const rows = trend.groups.map((group, mark) => groupRow(trend, group, mark));
  const gone = trend.compare?.not_shown;
  if (trend.rest !== null) {
    rows.push({ ...restRow(trend.rest.groups, gone), amount: trend.rest.amount, mark: OTHER_MARK });
  } else if (gone != null && gone.before > 0) {
    rows.push({ ...restRow(gone.groups, gone), amount: gone.after });
  }
  const isRounded = trend.buckets.some(({ rounding }) => rounding != null && rounding !== 0);
  if (trend.rounding != null && isRounded) {
    rows.push({ ...NO_GROUP, key: 'rounding', kind: 'rounding', amount: trend.rounding });
  }
  return rows;
}

/** All other groups. Those that are gone count in the period before. */
function restRow(count: number, compared: { before: number; difference: number } | null | undefined) {
  return {
    ...NO_GROUP,
    key: 'rest',
    kind: 'rest' as const,
    count,
    before: compared?.before,
    difference: compared?.difference,
  };
}

const NO_GROUP = {
  name: null,
  namespace: null,
  count: 0,
  mark: null,
  before: undefined,
  difference: undefined,
  filter: null,
} as const;

function groupRow(trend: Trend, group: Group, mark: number): GroupRow {
  const compared = trend.compare?.shown?.[mark];
  return {
    key: `${group.name ?? ''} ${group.namespace ?? ''} ${group.uid ?? ''} ${group.name === null}`,
    kind: 'group',
    name: group.name,
    namespace: group.namespace ?? null,
    count: 1,
    mark,
    amount: group.amount,
    before: compared?.before,
    difference: compared?.difference,
    filter: filterOfGroup(trend.group_by, group),
  };
}

/** In the order of the rows, from the bottom of the stack. `name` is the shown name of a row. */
export function seriesOf(rows: readonly GroupRow[], name: (row: GroupRow) => string): BarSeries[] {
  return rows.flatMap((row) => (row.mark === null ? [] : [{ name: name(row), mark: row.mark }]));
}

export function barsOf(trend: Trend): BarBucket[] {
  return trend.buckets.map(({ amount, groups, rest, complete }) => ({
    amount,
    parts: amount === null ? null : [...(groups ?? []), ...(trend.rest === null ? [] : [rest ?? 0])],
    isComplete: complete,
  }));
}

/** The bucket with the largest amount. Null if no bucket has an amount above 0. */
export function largestBucket(trend: Trend): Trend['buckets'][number] | null {
  let largest: Trend['buckets'][number] | null = null;
  for (const bucket of trend.buckets) {
    if (bucket.amount !== null && bucket.amount > (largest?.amount ?? 0)) {
      largest = bucket;
    }
  }
  return largest;
}
