import { Content } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';

import type { Meta, Schemas } from '../../api/models';
import { formatTime } from '../../dates';
import { formatDayOf, formatExact, formatMonth, formatQuantity } from '../../figures';
import { TableCard } from '../TableCard';
import type { Statement } from './statementQueries';

type Adjustment = Schemas['Adjustment'];

/** Signed amounts of this month that correct closed ones, and credits. */
export function Adjustments({ statement: { adjustments }, meta }: { statement: Statement; meta: Meta }) {
  const { t } = useTranslation(['statements', 'common']);
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
            <AdjustmentRow key={adjustment.id} adjustment={adjustment} meta={meta} />
          ))}
        </Tbody>
      </Table>
    </TableCard>
  );
}

function AdjustmentRow({ adjustment, meta }: { adjustment: Adjustment; meta: Meta }) {
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
        {formatExact(adjustment.amount, adjustment.currency, meta.currency_digits)}
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
