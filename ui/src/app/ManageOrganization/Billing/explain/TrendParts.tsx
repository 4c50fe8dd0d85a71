import { useTranslation } from 'react-i18next';

import type { Fresh, Trend } from '../api/models';
import { BillingState } from '../components/BillingState';
import { formatTime } from '../dates';
import { formatAmount } from '../money';
import { scopedAddress, useScoped } from '../queries/useScoped';
import { useTrendDownload } from '../queries/useTrendDownload';
import { ApiRequest } from './ApiRequest';
import { Completeness } from './Completeness';
import { ExplainSkeleton } from './ExplainSkeleton';
import { FigureHead } from './FigureHead';
import { PlainTable, SumRow } from './PlainTable';
import type { RangeSubject } from './subject';

/** The lines of a project have no labels: usage with a label is shown by SKU. */
export function hasLabels({ query: { include, exclude } }: RangeSubject): boolean {
  return /(^|,)label:/.test(`${include ?? ''},${exclude ?? ''}`);
}

/** The SKUs that the cost of a range with labels is made of. */
export function TrendParts({ subject }: { subject: RangeSubject }) {
  const parts = { ...subject.query, group_by: 'sku', limit: 100 };
  const query = useScoped('trend', subject.scope, parts);
  const file = useTrendDownload();
  return (
    <>
      <BillingState
        query={query}
        skeleton={<ExplainSkeleton />}
        {...(subject.scope.kind === 'project' && { namespace: subject.scope.namespace })}
      >
        {(fresh) => <Parts fresh={fresh} title={subject.title} />}
      </BillingState>
      <ApiRequest
        address={scopedAddress('trend', subject.scope, parts)}
        isLoading={file.isLoading}
        error={file.error}
        onDownload={() => {
          file.save(subject.scope, parts);
        }}
      />
    </>
  );
}

function Parts({ fresh, title }: { fresh: Fresh<Trend>; title: string }) {
  const { t } = useTranslation('explain');
  const { data, meta } = fresh;
  const zone = meta.time_zone ?? 'UTC';
  return (
    <>
      <FigureHead
        name={title}
        value={data.total === null ? null : formatAmount(data.total, meta)}
        range={`${formatTime(new Date(data.from), zone)} – ${formatTime(new Date(data.to), zone)}`}
      />
      <Completeness fresh={fresh} />
      <PlainTable name={t('rows')} head={[t('sku'), t('cost')]} firstNumber={1}>
        {data.groups.map((group, index) => (
          <SumRow key={index} columns={2} name={group.name ?? ''} text={formatAmount(group.amount, meta)} />
        ))}
        {data.rest !== null && (
          <SumRow
            columns={2}
            name={t('restRows', { count: data.rest.groups })}
            text={formatAmount(data.rest.amount, meta)}
          />
        )}
        {data.total !== null && <SumRow columns={2} name={t('value')} text={formatAmount(data.total, meta)} isBold />}
      </PlainTable>
    </>
  );
}
