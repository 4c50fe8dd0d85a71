import { useTranslation } from 'react-i18next';

import type { Scope } from '../address';
import type { Fresh, Schemas } from '../api/models';
import { addressOf } from '../api/rest/resource';
import { BillingState } from '../components/BillingState';
import { formatTime } from '../dates';
import { formatAmount, formatRate } from '../money';
import { useDownload } from '../queries/useDownload';
import { useResource } from '../queries/useResource';
import { Adjustments } from './Adjustments';
import { ApiRequest } from './ApiRequest';
import { Completeness } from './Completeness';
import { ExplainSkeleton } from './ExplainSkeleton';
import { FigureHead } from './FigureHead';
import { rangeQuery } from './rangeQuery';
import { RowTable } from './RowTable';
import type { FigureSubject, RangeSubject } from './subject';

const PATH = '/api/billing/project/{namespace}/explain';

type OfProject = RangeSubject & { scope: Extract<Scope, { kind: 'project' }> };

/** The rows that a figure, or the cost of a range, of a project is made of, with their prices. */
export function ProjectRows({ subject }: { subject: FigureSubject | OfProject }) {
  const namespace = subject.kind === 'figure' ? subject.namespace : subject.scope.namespace;
  const request = { in: { namespace }, query: queryOf(subject) };
  const query = useResource(PATH, request);
  const { isLoading, error, download } = useDownload<typeof PATH>();
  return (
    <>
      <BillingState query={query} namespace={namespace} skeleton={<ExplainSkeleton />}>
        {(fresh) => <Rows fresh={fresh} subject={subject} />}
      </BillingState>
      <ApiRequest
        address={addressOf(PATH, request)}
        isLoading={isLoading}
        error={error}
        onDownload={() => {
          download(PATH, request, `explain-${namespace}.csv`);
        }}
      />
    </>
  );
}

function queryOf(subject: FigureSubject | OfProject) {
  if (subject.kind === 'range') {
    return rangeQuery(subject.query);
  }
  const { figure, period } = subject;
  return { figure, ...(period !== null && { period }) };
}

function Rows({ fresh, subject }: { fresh: Fresh<Schemas['Explanation']>; subject: FigureSubject | OfProject }) {
  const { t } = useTranslation('explain');
  const { data, meta } = fresh;
  const zone = meta.time_zone ?? 'UTC';
  const { namespace } = data;
  const figure = data.figure === null ? (subject.kind === 'range' ? subject.title : '') : t(`figure_${data.figure}`);
  const show = data.figure === 'total_cost_per_hour' ? formatRate : formatAmount;
  return (
    <>
      <FigureHead
        name={figure === namespace ? namespace : t('ofProject', { figure, namespace })}
        value={data.value === null ? null : show(data.value, meta)}
        range={`${formatTime(new Date(data.from), zone)} – ${formatTime(new Date(data.to), zone)}`}
      />
      <Completeness fresh={fresh} />
      <RowTable explanation={data} meta={meta} shown={subject.kind === 'range' ? subject.shown : undefined} />
      {data.adjustments.length > 0 && <Adjustments of={data} />}
    </>
  );
}
