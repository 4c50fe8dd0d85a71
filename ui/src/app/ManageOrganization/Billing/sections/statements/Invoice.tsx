import { Content } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';

import type { Meta, Schemas } from '../../api/models';
import { formatExact, formatQuantity, formatSpan } from '../../figures';
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
      <Content component="p" className="billing-gap-above">
        <strong>
          {t('listPrice')}: {formatAmount(statement.usage_total, meta)}
        </strong>{' '}
        {isOnPlan ? t('listPriceHint') : t('listPriceHintUsage')}
      </Content>
    </TableCard>
  );
}

function InvoiceTable({ statement, invoiced, meta }: InvoiceProps & { invoiced: NonNullable<Statement['invoiced']> }) {
  const { t } = useTranslation('statements');
  const fees = statement.fees ?? [];
  const row = { columns: fees.length > 0 ? 4 : 1 };
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
          <FeeRow key={`${fee.kind} ${fee.id} ${fee.from}`} fee={fee} meta={meta} />
        ))}
        {fees.length > 0 && <SumRow {...row} title={t('fees')} amount={formatAmount(invoiced.fees, meta)} />}
        <SumRow
          {...row}
          title={fees.length > 0 ? t('usageInvoiced') : t('usageInvoicedNoPlan')}
          amount={formatAmount(invoiced.usage, meta)}
        />
        <SumRow {...row} title={t('adjustments')} amount={formatAmount(invoiced.adjustments, meta)} />
      </Tbody>
      <Tbody>
        <SumRow {...row} title={t('invoicedTotal')} amount={formatAmount(invoiced.total, meta)} isTotal />
      </Tbody>
    </Table>
  );
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

function FeeRow({ fee, meta }: { fee: Schemas['Fee']; meta: Meta }) {
  const { t } = useTranslation('statements');
  const name = fee.kind === 'plan' ? 'plan' : fee.quantity === 1 ? 'addon' : 'addonOf';
  return (
    <Tr>
      <Td dataLabel={t('item')}>{t(name, { id: fee.id, quantity: fee.quantity })}</Td>
      <Td dataLabel={t('span')}>{formatSpan(fee.from, fee.to, meta.time_zone ?? 'UTC')}</Td>
      <Td dataLabel={t('hours')} className="billing-number">
        {formatQuantity(fee.hours)}
      </Td>
      <Td dataLabel={t('monthlyPrice')} className="billing-number">
        {formatExact(fee.monthly_price, fee.currency, meta.currency_digits)}
      </Td>
      <Td dataLabel={t('amount')} className="billing-number">
        {formatExact(fee.amount, fee.currency, meta.currency_digits)}
      </Td>
    </Tr>
  );
}

interface SumRowProps {
  title: string;
  amount: string;
  /** Before the amount. */
  columns: number;
  isTotal?: boolean;
}

function SumRow({ title, amount, columns, isTotal = false }: SumRowProps) {
  const { t } = useTranslation('statements');
  return (
    <Tr {...(isTotal && { className: 'billing-totals' })}>
      <Th scope="row" colSpan={columns} dataLabel={t('item')}>
        {title}
      </Th>
      <Td dataLabel={t('amount')} className="billing-number">
        {amount}
      </Td>
    </Tr>
  );
}
