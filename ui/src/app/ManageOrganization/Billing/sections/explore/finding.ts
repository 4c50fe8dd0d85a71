import type { TFunction } from 'i18next';

import type { Meta, Trend } from '../../api/models';
import { formatAmount } from '../../money';
import type { GroupRow } from './groups';
import { largestBucket } from './groups';

/** One sentence or two: the total, what it was before, and the largest part. */
export function findingOf(
  t: TFunction<'explore'>,
  trend: Trend,
  meta: Meta,
  largest: { row: GroupRow | undefined; name: string; bucketName: (bucket: Trend['buckets'][number]) => string },
): string {
  if (trend.total === null) {
    return t('findingNone');
  }
  const { row, name, bucketName } = largest;
  const top = trend.buckets.length > 1 ? largestBucket(trend) : null;
  return [
    t('finding', { total: formatAmount(trend.total, meta) }),
    changeOf(t, trend, meta),
    row !== undefined && row.amount > 0
      ? t('findingLargest', { group: name, amount: formatAmount(row.amount, meta) })
      : '',
    top === null ? '' : t('findingTop', { bucket: bucketName(top), amount: formatAmount(top.amount, meta) }),
  ]
    .filter(Boolean)
    .join(' ');
}

function changeOf(t: TFunction<'explore'>, { compare }: Trend, meta: Meta): string {
  if (compare?.difference == null || compare.total === null) {
    return '';
  }
  const before = formatAmount(compare.total, meta);
  const difference = formatAmount(Math.abs(compare.difference), meta);
  if (compare.difference === 0) {
    return t('findingSame');
  }
  return t(compare.difference > 0 ? 'findingMore' : 'findingLess', { before, difference });
}
