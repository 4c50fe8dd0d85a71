import { Button } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Fresh, Meta, Trend } from '../api/models';
import { BillingState } from '../components/BillingState';
import { formatTime } from '../dates';
import { formatAmount } from '../money';
import { scopedAddress, useScoped } from '../queries/useScoped';
import { useTrendDownload } from '../queries/useTrendDownload';
import { ApiRequest } from './ApiRequest';
import { Completeness } from './Completeness';
import { FigureHead } from './FigureHead';
import { ExplainSkeleton } from './FigureRows';
import { PlainTable, SumRow } from './PlainTable';
import { type ExplainSubject, partsOf, partSubject, type RangeSubject } from './subject';

interface RangePartsProps {
  subject: RangeSubject;
  /** Opens what a part is made of. */
  onOpen: (subject: ExplainSubject) => void;
}

/** The parts that a figure of a range is made of. */
export function RangeParts({ subject, onOpen }: RangePartsProps) {
  const parts = partsOf(subject);
  const query = useScoped('trend', subject.scope, parts);
  const file = useTrendDownload();
  return (
    <>
      <BillingState
        query={query}
        skeleton={<ExplainSkeleton />}
        {...(subject.scope.kind === 'project' && { namespace: subject.scope.namespace })}
      >
        {(fresh) => <Parts fresh={fresh} subject={subject} onOpen={onOpen} />}
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

function Parts({ fresh, subject, onOpen }: RangePartsProps & { fresh: Fresh<Trend> }) {
  const { t } = useTranslation('explain');
  const { data, meta } = fresh;
  const zone = meta.time_zone ?? 'UTC';
  const isProjects = data.group_by === 'project';
  return (
    <>
      <FigureHead
        name={subject.title}
        value={data.total === null ? null : formatAmount(data.total, meta)}
        range={`${formatTime(new Date(data.from), zone)} – ${formatTime(new Date(data.to), zone)}`}
      />
      <Completeness fresh={fresh} />
      <PlainTable
        name={t(isProjects ? 'rowsOfProjects' : 'rows')}
        head={[t(isProjects ? 'project' : 'sku'), t('cost')]}
        firstNumber={1}
      >
        {data.groups.map((group, index) => (
          <PartRow key={index} group={group} meta={meta} subject={subject} onOpen={onOpen} />
        ))}
        {data.rest !== null && (
          <SumRow
            columns={2}
            name={t(isProjects ? 'restProjects' : 'restRows', { count: data.rest.groups })}
            text={formatAmount(data.rest.amount, meta)}
          />
        )}
        {data.rounding != null && data.rounding !== 0 && (
          <SumRow columns={2} name={t('rounding')} text={formatAmount(data.rounding, meta)} />
        )}
        {data.total !== null && <SumRow columns={2} name={t('value')} text={formatAmount(data.total, meta)} isBold />}
      </PlainTable>
    </>
  );
}

interface PartRowProps extends RangePartsProps {
  group: Trend['groups'][number];
  meta: Meta;
}

function PartRow({ group, meta, subject, onOpen }: PartRowProps) {
  const { t } = useTranslation('explain');
  const amount = formatAmount(group.amount, meta);
  const { namespace } = group;
  return (
    <tr>
      <th scope="row">{group.name}</th>
      <td className="billing-right">
        {namespace == null ? (
          amount
        ) : (
          <Button
            variant="link"
            isInline
            aria-label={t('open', { figure: amount })}
            onClick={() => {
              onOpen(partSubject(subject, namespace));
            }}
          >
            {amount}
          </Button>
        )}
      </td>
    </tr>
  );
}
