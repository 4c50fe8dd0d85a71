import { Content, ExpandableSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';

import type { Meta } from '../../api/models';
import { formatMonthDay, formatQuantity, formatSpan } from '../../figures';
import { formatAmount } from '../../money';
import { reasonText } from './budgetData';
import type { BudgetPreview } from './budgetQueries';

type Fired = BudgetPreview['periods'][number]['thresholds'][number];

interface PreviewTableProps {
  preview: BudgetPreview;
  /** Of the thresholds, in the order of the summary. */
  titles: readonly string[];
  meta: Meta;
}

/** Each period with what was spent, and when each threshold would have fired. */
export function PreviewTable({ preview: { periods, summary }, titles, meta }: PreviewTableProps) {
  const { t } = useTranslation(['budgets', 'common']);
  const timeZone = meta.time_zone ?? 'UTC';
  return (
    <ExpandableSection toggleText={t('previewTable')}>
      <Table aria-label={t('previewTable')} variant="compact" gridBreakPoint="grid-md">
        <Thead>
          <Tr>
            <Th>{t('period')}</Th>
            <Th className="billing-number">{t('spent')}</Th>
            <Th className="billing-number">{t('limit')}</Th>
            {summary.map(({ threshold }, index) => (
              <Th key={threshold} modifier="wrap">
                {titles[index]}
              </Th>
            ))}
          </Tr>
        </Thead>
        <Tbody>
          {periods.map(({ start, end, spent, limit, reason, thresholds }) => (
            <Tr key={start}>
              <Td dataLabel={t('period')}>
                {formatSpan(start, end, timeZone)}
                {reason !== null && <Content component="small">{reasonText(t, reason)}</Content>}
              </Td>
              <Td dataLabel={t('spent')} className="billing-number">
                {formatAmount(spent, meta)}
              </Td>
              <Td dataLabel={t('limit')} className="billing-number">
                {formatAmount(limit, meta)}
              </Td>
              {summary.map(({ threshold }, index) => (
                <Td key={threshold} dataLabel={titles[index] ?? threshold}>
                  <FiredCell fired={thresholds.find(({ id }) => id === threshold)} timeZone={timeZone} />
                </Td>
              ))}
            </Tr>
          ))}
        </Tbody>
      </Table>
    </ExpandableSection>
  );
}

function FiredCell({ fired, timeZone }: { fired: Fired | undefined; timeZone: string }) {
  const { t } = useTranslation('budgets');
  if (fired?.fired_at == null) {
    return t('notFired');
  }
  return (
    <>
      {formatMonthDay(fired.fired_at, timeZone)}
      {fired.warned_in_vain === true && ` (${t('inVain')})`}
      {fired.late_hours !== null && (
        <Content component="small">{t('late', { hours: formatQuantity(fired.late_hours) })}</Content>
      )}
    </>
  );
}
