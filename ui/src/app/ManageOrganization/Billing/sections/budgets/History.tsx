import { Content, Skeleton } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';

import type { Meta } from '../../api/models';
import { BillingState } from '../../components/BillingState';
import { formatTime } from '../../dates';
import { formatAmount } from '../../money';
import { TableCard } from '../TableCard';
import { type Budget, type T, type ThresholdLimits, thresholdTitle, unitOf } from './budgetData';
import { type BudgetHistory, useBudgetHistory } from './budgetQueries';

type Entry = BudgetHistory['entries'][number];
type Change = Extract<Entry, { kind: 'change' }>;
type Alert = Extract<Entry, { kind: 'alert' }>;
type Written = NonNullable<Change['after']>;

/** Every change and every warning of a budget, the newest first. */
export function History({ budget }: { budget: Budget }) {
  const { t } = useTranslation('budgets');
  const query = useBudgetHistory(budget.id);
  return (
    <TableCard title={t('history')} hint={t('historyHint')}>
      <BillingState query={query} skeleton={<Skeleton fontSize="4xl" />}>
        {({ data, meta }) =>
          data.entries.length === 0 ? t('noHistory') : <Entries entries={data.entries} budget={budget} meta={meta} />
        }
      </BillingState>
    </TableCard>
  );
}

function Entries({ entries, budget, meta }: { entries: readonly Entry[]; budget: Budget; meta: Meta }) {
  const { t } = useTranslation('budgets');
  const limits = limitsOf(budget, entries);
  return (
    <Table aria-label={t('history')} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th width={25}>{t('when')}</Th>
          <Th>{t('what')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {entries.map((entry, index) => (
          <Tr key={`${entry.at} ${index}`}>
            <Td dataLabel={t('when')}>{formatTime(new Date(entry.at), meta.time_zone)}</Td>
            <Td dataLabel={t('what')} modifier="breakWord">
              {entry.kind === 'alert' ? (
                <AlertText alert={entry} threshold={limits.get(entry.threshold)} meta={meta} />
              ) : (
                <ChangeText change={entry} meta={meta} />
              )}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

/** The thresholds by their id, also those of earlier versions. */
function limitsOf(budget: Budget, entries: readonly Entry[]): Map<string, ThresholdLimits> {
  const written = entries.flatMap((entry) => (entry.kind === 'change' ? [entry.before, entry.after] : []));
  const all = [...written.flatMap((one) => one?.thresholds ?? []), ...budget.thresholds];
  return new Map(all.map((threshold) => [threshold.id, threshold]));
}

function AlertText({ alert, threshold, meta }: { alert: Alert; threshold: ThresholdLimits | undefined; meta: Meta }) {
  const { t } = useTranslation(['budgets', 'common']);
  const unit = unitOf(alert.currency, meta);
  const title = threshold === undefined ? alert.threshold : thresholdTitle(t, threshold, unit);
  const figures = [
    alert.spent !== null &&
      t('historySpent', { spent: formatAmount(alert.spent, unit), limit: formatAmount(alert.limit, unit) }),
    alert.forecast !== null && t('historyForecast', { forecast: formatAmount(alert.forecast, unit) }),
  ].filter((text) => text !== false);
  return (
    <>
      {t(alert.status === 'firing' ? 'historyFiring' : 'historyResolved', { threshold: title })}
      <Content component="small">{figures.join(', ')}</Content>
    </>
  );
}

const ACTIONS = { create: 'historyCreated', change: 'historyChanged', delete: 'historyDeleted' } as const;

function ChangeText({ change: { action, actor, before, after }, meta }: { change: Change; meta: Meta }) {
  const { t } = useTranslation(['budgets', 'common']);
  return (
    <>
      {t(ACTIONS[action], { actor })}
      {before !== null &&
        after !== null &&
        MEMBERS.filter((member) => JSON.stringify(before[member]) !== JSON.stringify(after[member])).map((member) => (
          <Content key={member} component="small">
            {t('historyMember', {
              member: t(`member_${member}`),
              before: memberText(t, before, member, meta),
              after: memberText(t, after, member, meta),
            })}
          </Content>
        ))}
    </>
  );
}

const MEMBERS = ['name', 'amount', 'currency', 'period', 'thresholds', 'channels', 'notify_on', 'rollover'] as const;

function memberText(t: T, budget: Written, member: (typeof MEMBERS)[number], meta: Meta): string {
  const unit = unitOf(budget.currency, meta);
  switch (member) {
    case 'amount':
      return formatAmount(budget.amount, unit);
    case 'period':
      return t(`period_${budget.period}`);
    case 'thresholds':
      return budget.thresholds.map((threshold) => thresholdTitle(t, threshold, unit)).join(', ');
    case 'channels':
      return t('channelsHidden', { count: budget.channels.length });
    case 'notify_on':
      return budget.notify_on.map((when) => t(`notify_${when}`)).join(', ');
    case 'rollover':
      return t(budget.rollover ? 'yes' : 'no');
    default:
      return budget[member];
  }
}
