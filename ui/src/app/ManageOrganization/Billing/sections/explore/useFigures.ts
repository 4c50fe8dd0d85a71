import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

import type { Scope } from '../../address';
import type { Fresh, Trend, TrendBucket } from '../../api/models';
import type { BarBucket, BarSeries } from '../../charts/Bars';
import type { ChartPoint } from '../../charts/ChartFigure';
import { locale } from '../../i18n';
import { formatAmount } from '../../money';
import { bucketNames } from './bucketNames';
import { findingOf } from './finding';
import { rowName } from './groupNames';
import { barsOf, type GroupRow, rowsOf, seriesOf } from './groups';

export interface Figures {
  rows: GroupRow[];
  series: BarSeries[];
  bars: BarBucket[];
  points: ChartPoint[];
  ticks: string[];
  names: { row: (row: GroupRow) => string; bucket: (bucket: TrendBucket) => string };
  title: string;
  finding: string;
}

/** What the chart and the tables show of a response. It is computed once for each response. */
export function useFigures({ data: trend, meta }: Fresh<Trend>, scope: Scope['kind']): Figures {
  const { t, i18n } = useTranslation('explore');
  const language = i18n.language;
  return useMemo(() => {
    const rows = rowsOf(trend);
    const buckets = bucketNames(trend.granularity, meta.time_zone ?? 'UTC', locale());
    const nameOf = (row: GroupRow) => rowName(t, row, trend.group_by, scope === 'organization');
    const [kind = '', key = ''] = trend.group_by.split(/:(.*)/);
    const largest = rows.find((row) => row.kind === 'group');
    return {
      rows,
      series: seriesOf(rows, nameOf),
      bars: barsOf(trend),
      points: trend.buckets.map((bucket) => ({
        name: buckets.name(bucket),
        figures: pointFigures(
          bucket,
          rows,
          (row) => nameOf(row),
          (amount) => formatAmount(amount, meta),
          {
            total: t('total'),
            none: bucket.state === 'future' ? t('state_future') : t('state_no_data'),
          },
        ),
      })),
      ticks: trend.buckets.map(buckets.tick),
      names: { row: nameOf, bucket: buckets.name },
      title: t(`chartTitle_${kind as 'label'}`, { key }),
      finding: findingOf(t, trend, meta, {
        row: largest,
        name: largest === undefined ? '' : nameOf(largest),
        bucketName: buckets.name,
      }),
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `language` changes what `t` and `locale` return
  }, [trend, meta, scope, t, language]);
}

function pointFigures(
  bucket: TrendBucket,
  rows: readonly GroupRow[],
  nameOf: (row: GroupRow) => string,
  format: (amount: number) => string,
  words: { total: string; none: string },
): ChartPoint['figures'] {
  if (bucket.amount === null) {
    return [{ name: words.none, text: '' }];
  }
  const parts = [...(bucket.groups ?? []), bucket.rest ?? 0];
  const groups = rows.filter(({ mark }) => mark !== null);
  return [
    ...groups.map((row, index) => ({ name: nameOf(row), text: format(parts[index] ?? 0), mark: row.mark ?? 0 })),
    { name: words.total, text: format(bucket.amount) },
  ];
}
