import { Title } from '@patternfly/react-core';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';

import type { Meta, Trend, TrendBucket } from '../../api/models';
import { Explained } from '../../explain/Explained';
import { PlainTable } from '../../explain/PlainTable';
import { formatAmount } from '../../money';
import type { NamedRow } from './GroupTable';
import { bucketSubject } from './subjects';
import type { Choice } from './useExplore';

interface BucketTableProps {
  trend: Trend;
  meta: Meta;
  rows: readonly NamedRow[];
  choice: Choice;
  bucketName: (bucket: TrendBucket) => string;
}

/** The numbers of the chart: a row for each bar. */
export const BucketTable = memo(function BucketTable({ trend, meta, rows: all, choice, bucketName }: BucketTableProps) {
  const { t } = useTranslation('explore');
  const rows = all.filter(({ row }) => row.kind !== 'rest' || row.mark !== null); // groups that are gone have no bars
  const head = [t(`bucket_${trend.granularity}`), t('stateColumn'), t('total'), ...rows.map(({ name }) => name)];
  return (
    <section className="billing-late">
      <Title headingLevel="h2" size="lg">
        {t('bucketsTable')}
      </Title>
      <p className="billing-note">{t('zone', { zone: meta.time_zone ?? 'UTC' })}</p>
      <PlainTable name={t('bucketsTable')} head={head} firstNumber={2}>
        {trend.buckets.map((bucket) => (
          <BucketRow
            key={bucket.from}
            bucket={bucket}
            meta={meta}
            rows={rows}
            choice={choice}
            name={bucketName(bucket)}
          />
        ))}
      </PlainTable>
    </section>
  );
});

interface BucketRowProps extends Pick<BucketTableProps, 'meta' | 'rows' | 'choice'> {
  bucket: TrendBucket;
  name: string;
}

function BucketRow({ bucket, meta, rows, choice, name }: BucketRowProps) {
  const { t } = useTranslation('explore');
  const { amount } = bucket;
  return (
    <tr>
      <th scope="row" className="billing-nowrap">
        {name}
      </th>
      <td className="billing-nowrap">
        {t(`state_${bucket.state}` as 'state_incomplete', { count: bucket.incomplete_hours })}
      </td>
      <td className="billing-right">
        {amount !== null && (
          <Explained subject={bucketSubject(choice, name, bucket)} name={name}>
            {formatAmount(amount, meta)}
          </Explained>
        )}
      </td>
      {rows.map(({ row }, index) => (
        <td key={row.key} className="billing-right">
          {amount === null ? '' : formatAmount(partOf(bucket, row.kind, index), meta)}
        </td>
      ))}
    </tr>
  );
}

function partOf(bucket: TrendBucket, kind: NamedRow['row']['kind'], index: number): number | null {
  if (kind === 'group') {
    return bucket.groups?.[index] ?? null;
  }
  return (kind === 'rest' ? bucket.rest : bucket.rounding) ?? null;
}
