import { Content } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';

import type { Meta, Schemas } from '../../api/models';
import { formatTime } from '../../dates';
import { Explained } from '../../explain/Explained';
import { formatDayOf, formatExact, formatMonth, formatQuantity } from '../../figures';
import { formatAmount, type Unit } from '../../money';
import { TableCard } from '../TableCard';
import type { Statement } from './statementQueries';

type Adjustment = Schemas['Adjustment'];

/** Signed amounts of this month that correct closed ones, and credits. */
export function Adjustments({ statement, meta }: { statement: Statement; meta: Meta }) {
  const { t } = useTranslation(['statements', 'common']);
  const { adjustments, adjustments_rest: rest, period } = statement;
  if (adjustments.length === 0) {
    return <TableCard title={t('adjustmentsTitle')}>{t('noAdjustments')}</TableCard>;
  }
  return (
    <TableCard title={t('adjustmentsTitle')} hint={t('adjustmentsHint')}>
      <Table aria-label={t('adjustmentsTitle')} variant="compact" gridBreakPoint="grid-md">
        <Thead>
          <Tr>
            <Th>{t('common:project')}</Th>
            <Th>{t('reason')}</Th>
            <Th>{t('corrects')}</Th>
            <Th className="billing-number">{t('quantity')}</Th>
            <Th className="billing-number">{t('amount')}</Th>
            <Th>{t('madeOn')}</Th>
          </Tr>
        </Thead>
        <Tbody>
          {adjustments.map((adjustment) => (
            <AdjustmentRow key={adjustment.id} adjustment={adjustment} meta={meta} period={period} />
          ))}
          {rest.map((one) => (
            <Tr key={`${one.currency} ${String(one.amount < 0)} ${String(one.invoiced)}`}>
              <Td colSpan={4} dataLabel={t('reason')}>
                {t('moreAdjustments', { count: one.rows })}
                {one.invoiced === false && <Content component="small">{t('notInvoiced')}</Content>}
              </Td>
              <Td dataLabel={t('amount')} className="billing-number" modifier="nowrap">
                {formatExact(one.amount, one.currency, meta.currency_digits)}
              </Td>
              <Td />
            </Tr>
          ))}
        </Tbody>
        <Tbody>
          {sumsOf(statement, meta).map(({ amount, unit }) => (
            <SumRow key={unit.currency} period={period} amount={formatAmount(amount, unit)} />
          ))}
        </Tbody>
      </Table>
    </TableCard>
  );
}

interface Sum {
  amount: number;
  unit: Unit;
}

/** As the API has them, one for each currency. A month that was closed earlier has the one that is invoiced. */
function sumsOf({ adjustments_total, invoiced, other_currencies }: Statement, meta: Meta): Sum[] {
  const own = adjustments_total ?? invoiced?.adjustments;
  return [
    ...(own === undefined ? [] : [{ amount: own, unit: meta }]),
    ...other_currencies.flatMap(({ currency, adjustments_total: amount }) =>
      amount === undefined ? [] : [{ amount, unit: { currency } }],
    ),
  ];
}

function SumRow({ period, amount }: { period: string; amount: string }) {
  const { t } = useTranslation(['statements', 'common']);
  return (
    <Tr className="billing-totals">
      <Th scope="row" colSpan={4}>
        {t('common:total')}
      </Th>
      <Td dataLabel={t('amount')} className="billing-number">
        <Explained
          subject={{ kind: 'statement', part: 'adjustments', period }}
          name={`${t('common:total')}, ${t('adjustmentsTitle')}`}
        >
          {amount}
        </Explained>
      </Td>
      <Td />
    </Tr>
  );
}

interface AdjustmentRowProps {
  adjustment: Adjustment;
  meta: Meta;
  period: string;
}

function AdjustmentRow({ adjustment, meta, period }: AdjustmentRowProps) {
  const { t } = useTranslation(['statements', 'common']);
  const timeZone = meta.time_zone ?? 'UTC';
  return (
    <Tr>
      <Td dataLabel={t('common:project')} modifier="breakWord">
        {adjustment.namespace ?? t('wholeOrganization')}
      </Td>
      <Td dataLabel={t('reason')} modifier="breakWord">
        {adjustment.reason}
        {adjustment.sku !== null && <Content component="small">{adjustment.sku}</Content>}
      </Td>
      <Td dataLabel={t('corrects')} modifier="breakWord">
        <Corrected of={adjustment.refers_to} timeZone={timeZone} />
      </Td>
      <Td dataLabel={t('quantity')} className="billing-number">
        {adjustment.quantity === null ? '–' : formatQuantity(adjustment.quantity)}
      </Td>
      <Td dataLabel={t('amount')} className="billing-number" modifier="nowrap">
        <Explained subject={{ kind: 'statement', part: 'adjustments', period }} name={adjustment.reason}>
          {formatExact(adjustment.amount, adjustment.currency, meta.currency_digits)}
        </Explained>
        {adjustment.invoiced === false && <Content component="small">{t('notInvoiced')}</Content>}
      </Td>
      <Td dataLabel={t('madeOn')}>{formatDayOf(adjustment.created_at, timeZone)}</Td>
    </Tr>
  );
}

function Corrected({ of, timeZone }: { of: Adjustment['refers_to']; timeZone: string }) {
  const { t } = useTranslation(['statements', 'common']);
  if (of === null) {
    return t('correctsNothing');
  }
  return (
    <>
      {formatMonth(of.period)}
      {of.hour !== null && <Content component="small">{formatTime(new Date(of.hour), timeZone)}</Content>}
      {of.workload !== null && <Content component="small">{of.workload}</Content>}
    </>
  );
}
