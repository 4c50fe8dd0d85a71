import { Content } from '@patternfly/react-core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';

import type { Fresh, Meta, Schemas } from '../api/models';
import { addressOf } from '../api/rest/resource';
import { BillingState } from '../components/BillingState';
import { ShowAll } from '../components/ShowAll';
import { formatTime } from '../dates';
import { formatAmount, formatRate } from '../money';
import { useDownload } from '../queries/useDownload';
import { useResource } from '../queries/useResource';
import { ApiRequest } from './ApiRequest';
import { Completeness } from './Completeness';
import { exactAmount, exactQuantity } from './exact';
import { ExplainSkeleton } from './ExplainSkeleton';
import { FigureHead } from './FigureHead';
import { OpenPart } from './OpenPart';
import { PlainTable } from './PlainTable';
import { rangeQuery } from './rangeQuery';
import { type ExplainSubject, hourOf, monthOf, type OrganizationSubject, type RangeSubject } from './subject';
import { SumRows } from './SumRows';
import { validityOf } from './validity';

const PATH = '/api/billing/organization/explain';
const COLUMNS = 6;

type Explanation = Schemas['OrganizationExplanation'];
type Row = Explanation['rows'][number];
type Subject = OrganizationSubject | RangeSubject;

interface OrganizationRowsProps {
  subject: Subject;
  onOpen: (subject: ExplainSubject) => void;
}

/** The rows of a figure of the organization, or of the user's projects: by project, SKU and price. */
export function OrganizationRows({ subject, onOpen }: OrganizationRowsProps) {
  const request = { query: queryOf(subject) };
  const query = useResource(PATH, request);
  const { isLoading, error, download } = useDownload<typeof PATH>();
  return (
    <>
      <BillingState query={query} skeleton={<ExplainSkeleton />}>
        {(fresh) => <Rows fresh={fresh} subject={subject} onOpen={onOpen} />}
      </BillingState>
      <ApiRequest
        address={addressOf(PATH, request)}
        isLoading={isLoading}
        error={error}
        onDownload={() => {
          download(PATH, request, 'explain.csv');
        }}
      />
    </>
  );
}

function queryOf(subject: Subject) {
  if (subject.kind === 'range') {
    return rangeQuery(subject.query);
  }
  const { figure, period } = subject;
  return { figure, ...(period !== null && { period }) };
}

function Rows({ fresh, subject, onOpen }: OrganizationRowsProps & { fresh: Fresh<Explanation> }) {
  const { t } = useTranslation('explain');
  const { data, meta } = fresh;
  const zone = meta.time_zone ?? 'UTC';
  const show = data.figure === 'total_cost_per_hour' ? formatRate : formatAmount;
  const head = [t('project'), t('sku'), t('quantity'), t('unitPrice'), t('validity'), t('amount')];
  return (
    <>
      <FigureHead
        name={nameOf(t, data, subject)}
        value={data.value === null ? null : show(data.value, meta)}
        range={`${formatTime(new Date(data.from), zone)} – ${formatTime(new Date(data.to), zone)}`}
      />
      <Completeness fresh={fresh} />
      {data.unrated_lines > 0 && (
        <Content component="small">{t('unratedLines', { count: data.unrated_lines })}</Content>
      )}
      <ShowAll rows={data.rows}>
        {(shown) => (
          <PlainTable name={t('rowsOfProjects')} head={head} firstNumber={2} texts={[4]}>
            {shown.map((row, index) => (
              <ProjectRow
                key={`${row.namespace} ${row.uid} ${row.sku} ${row.price?.id ?? ''} ${index}`}
                row={row}
                zone={zone}
                currency={meta.currency}
                onOpen={() => {
                  onOpen(projectSubject(subject, data, row.namespace));
                }}
              />
            ))}
            <SumRows explanation={data} meta={meta} columns={COLUMNS} shown={subject.shown} />
          </PlainTable>
        )}
      </ShowAll>
      {data.adjustments.map(({ period, currency, amount }) => (
        <Content component="small" key={`${period} ${currency}`}>
          {t('adjustmentsOf', { amount: formatAmount(amount, { currency }), period })}
        </Content>
      ))}
    </>
  );
}

function nameOf(t: TFunction<'explain'>, { figure, scope }: Explanation, subject: Subject): string {
  const name = figure === null ? (subject.kind === 'range' ? subject.title : '') : t(`figure_${figure}`);
  const { organization, namespaces } = scope;
  return namespaces === null
    ? t('ofOrganization', { figure: name, organization })
    : t('ofYourProjects', { figure: name, organization, count: namespaces.length });
}

/** What the rows of a project are made of: its figure of the month, or the same range. */
function projectSubject(subject: Subject, { from, to }: Explanation, namespace: string): ExplainSubject {
  if (subject.kind === 'organization') {
    return { kind: 'figure', figure: subject.figure, namespace, period: subject.period };
  }
  const { include, exclude } = subject.query;
  const terms = (include ?? '').split(',').filter((term) => term !== '' && !term.startsWith('project:'));
  const month = monthOf(subject.query);
  if (month !== null && terms.length === 0 && exclude == null) {
    return { kind: 'figure', figure: 'current_month_total', namespace, period: month };
  }
  return {
    kind: 'range',
    title: subject.title,
    scope: { kind: 'project', namespace },
    query: {
      from: hourOf(from),
      to: hourOf(to),
      ...(terms.length > 0 && { include: terms.join(',') }),
      ...(exclude != null && { exclude }),
    },
  };
}

interface ProjectRowProps {
  row: Row;
  zone: string;
  currency: Meta['currency'];
  onOpen: () => void;
}

function ProjectRow({ row, zone, currency, onOpen }: ProjectRowProps) {
  const { t } = useTranslation('explain');
  return (
    <tr>
      <th scope="row" className="billing-break">
        <OpenPart name={t('rowsOf', { namespace: row.namespace, sku: row.sku })} onOpen={onOpen}>
          {row.namespace}
        </OpenPart>
      </th>
      <td>{row.sku}</td>
      <td className="billing-right">{exactQuantity(row.quantity, row.unit)}</td>
      <td className="billing-right">{priceText(t, row, currency)}</td>
      <td className="billing-wide">{validityOf(t, row.price, zone)}</td>
      <td className="billing-right">{row.amount === null ? t('noPrice') : exactAmount(row.amount, currency)}</td>
    </tr>
  );
}

/** A price by the month is for a month, and a price with steps is several: the rows of the project have them. */
function priceText(t: TFunction<'explain'>, { price, amount }: Row, currency: Meta['currency']): string {
  if (price === null) {
    return t(amount === null ? 'noPrice' : 'needsNoPrice');
  }
  if (price.unit_price === null) {
    return t('priceSteps');
  }
  const text = exactAmount(price.unit_price, currency);
  return price.rating === 'month' ? t('priceMonth', { price: text }) : text;
}
