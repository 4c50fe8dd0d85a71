import { Skeleton } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Fresh, Schemas } from '../api/models';
import { addressOf } from '../api/rest/resource';
import { BillingState } from '../components/BillingState';
import { formatTime } from '../dates';
import { formatAmount } from '../money';
import { useDownload } from '../queries/useDownload';
import { useResource } from '../queries/useResource';
import { Adjustments } from './Adjustments';
import { ApiRequest } from './ApiRequest';
import { Completeness } from './Completeness';
import { FigureHead } from './FigureHead';
import { RowTable } from './RowTable';
import type { FigureSubject } from './subject';

const PATH = '/api/billing/project/{namespace}/explain';

/** The rows that a figure of a project is made of, with their prices. */
export function FigureRows({ subject }: { subject: FigureSubject }) {
  const { figure, namespace, period } = subject;
  const request = { in: { namespace }, query: { figure, ...(period !== null && { period }) } };
  const query = useResource(PATH, request);
  const { isLoading, error, download } = useDownload<typeof PATH>();
  return (
    <>
      <BillingState query={query} namespace={namespace} skeleton={<ExplainSkeleton />}>
        {(fresh) => <Explained fresh={fresh} />}
      </BillingState>
      <ApiRequest
        address={addressOf(PATH, request)}
        isLoading={isLoading}
        error={error}
        onDownload={() => {
          download(PATH, request, `explain-${namespace}-${figure}.csv`);
        }}
      />
    </>
  );
}

function Explained({ fresh }: { fresh: Fresh<Schemas['Explanation']> }) {
  const { t } = useTranslation('explain');
  const { data, meta } = fresh;
  const zone = meta.time_zone ?? 'UTC';
  return (
    <>
      <FigureHead
        name={t('ofProject', { figure: t(`figure_${data.figure}`), namespace: data.namespace })}
        value={data.value === null ? null : formatAmount(data.value, meta)}
        range={`${formatTime(new Date(data.from), zone)} – ${formatTime(new Date(data.to), zone)}`}
      />
      <Completeness fresh={fresh} />
      <RowTable explanation={data} meta={meta} />
      {data.adjustments.length > 0 && <Adjustments adjustments={data.adjustments} />}
    </>
  );
}

export function ExplainSkeleton() {
  return (
    <>
      <Skeleton fontSize="2xl" width="40%" />
      <Skeleton width="70%" />
      <Skeleton height="12rem" />
    </>
  );
}
