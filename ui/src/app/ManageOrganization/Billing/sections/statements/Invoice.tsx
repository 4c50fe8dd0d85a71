import { Content } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';

import type { Meta, Schemas } from '../../api/models';
import { Explained } from '../../explain/Explained';
import type { ExplainSubject } from '../../explain/subject';
import { formatExact, formatMonth, formatQuantity, formatSpan } from '../../figures';
import { formatAmount } from '../../money';
import type { Statement } from './statementQueries';
import { TableCard } from '../TableCard';

interface InvoiceProps {
  statement: Statement;
  meta: Meta;
}

/** What is invoiced, and what the usage would cost: two figures that are never mixed. */
export function Invoice({ statement, meta }: InvoiceProps) {
  const { t } = useTranslation('statements');
  const isOnPlan = meta.cost_basis === 'list_price';
  return (
    <TableCard title={t('invoice')} hint={statement.invoiced && t('invoiceHint')}>
      {statement.invoiced === undefined ? (
        <Content component="p">{t('noInvoice')}</Content>
      ) : (
        <InvoiceTable statement={statement} invoiced={statement.invoiced} meta={meta} />
      )}
      {statement.other_currencies.map(({ currency, invoiced }) => {
        if (invoiced === undefined) {
          return null;
        }
        const show = (amount: number) => formatAmount(amount, { currency });
        const { fees, usage, adjustments, total } = invoiced;
        const amounts = { total: show(total), fees: show(fees), usage: show(usage), adjustments: show(adjustments) };
        return (
          <Content key={currency} component="p" className="billing-gap-above">
            {t('invoicedIn', { currency, ...amounts })}
          </Content>
        );
      })}
      <Content component="p" className="billing-gap-above">
        <strong>
          {t('listPrice')}:{' '}
          <Explained subject={usageSubject(statement)} name={`${t('listPrice')}, ${formatMonth(statement.period)}`}>
            {formatAmount(statement.usage_total, meta)}
          </Explained>
        </strong>{' '}
        {isOnPlan ? t('listPriceHint') : t('listPriceHintUsage')}
      </Content>
    </TableCard>
  );
}

function InvoiceTable({ statement, invoiced, meta }: InvoiceProps & { invoiced: NonNullable<Statement['invoiced']> }) {
  const { t } = useTranslation('statements');
  const fees = statement.fees ?? [];
  const { period } = statement;
  const row = { columns: fees.length > 0 ? 4 : 1 };
  const part = (name: 'fees' | 'usage' | 'adjustments' | 'invoiced') =>
    ({ kind: 'statement', part: name, period }) as const;
  return (
    <Table aria-label={t('invoice')} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th>{t('item')}</Th>
          {fees.length > 0 && <FeeHeads />}
          <Th className="billing-number">{t('amount')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {fees.map((fee) => (
          <FeeRow key={`${fee.kind} ${fee.id} ${fee.from}`} fee={fee} meta={meta} subject={part('fees')} />
        ))}
        {fees.length > 0 && (
          <SumRow {...row} title={t('fees')} amount={formatAmount(invoiced.fees, meta)} subject={part('fees')} />
        )}
        <SumRow
          {...row}
          title={fees.length > 0 ? t('usageInvoiced') : t('usageInvoicedNoPlan')}
          amount={formatAmount(invoiced.usage, meta)}
          subject={fees.length > 0 ? part('usage') : usageSubject(statement)}
        />
        <SumRow
          {...row}
          title={t('adjustments')}
          amount={formatAmount(invoiced.adjustments, meta)}
          subject={part('adjustments')}
        />
      </Tbody>
      <Tbody>
        <SumRow
          {...row}
          title={t('invoicedTotal')}
          amount={formatAmount(invoiced.total, meta)}
          subject={part('invoiced')}
          isTotal
        />
      </Tbody>
    </Table>
  );
}

/** All usage of the month, also that in the hours of a plan. */
function usageSubject({ period, usage_total }: Statement): ExplainSubject {
  return { kind: 'organization', figure: 'current_month_total', period, shown: usage_total };
}

function FeeHeads() {
  const { t } = useTranslation('statements');
  return (
    <>
      <Th>{t('span')}</Th>
      <Th className="billing-number">{t('hours')}</Th>
      <Th className="billing-number">{t('monthlyPrice')}</Th>
    </>
  );
}

interface FeeRowProps {
  fee: Schemas['Fee'];
  meta: Meta;
  subject: ExplainSubject;
}

function FeeRow({ fee, meta, subject }: FeeRowProps) {
  const { t } = useTranslation('statements');
  const key = fee.kind === 'plan' ? 'plan' : fee.quantity === 1 ? 'addon' : 'addonOf';
  const name = t(key, { id: fee.id, quantity: fee.quantity });
  return (
    <Tr>
      <Td dataLabel={t('item')}>{name}</Td>
      <Td dataLabel={t('span')}>{formatSpan(fee.from, fee.to, meta.time_zone ?? 'UTC')}</Td>
      <Td dataLabel={t('hours')} className="billing-number">
        {formatQuantity(fee.hours)}
      </Td>
      <Td dataLabel={t('monthlyPrice')} className="billing-number">
        {formatExact(fee.monthly_price, fee.currency, meta.currency_digits)}
      </Td>
      <Td dataLabel={t('amount')} className="billing-number">
        <Explained subject={subject} name={name}>
          {formatExact(fee.amount, fee.currency, meta.currency_digits)}
        </Explained>
      </Td>
    </Tr>
  );
}

interface SumRowProps {
  title: string;
  amount: string;
  /** Before the amount. */
  columns: number;
  subject: ExplainSubject;
  isTotal?: boolean;
}

function SumRow({ title, amount, columns, subject, isTotal = false }: SumRowProps) {
  const { t } = useTranslation('statements');
  return (
    <Tr {...(isTotal && { className: 'billing-totals' })}>
      <Th scope="row" colSpan={columns} dataLabel={t('item')}>
        {title}
      </Th>
      <Td dataLabel={t('amount')} className="billing-number">
        <Explained subject={subject} name={title}>
          {amount}
        </Explained>
      </Td>
    </Tr>
  );
}
