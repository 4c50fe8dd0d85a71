import { useTranslation } from 'react-i18next';

import type { Scope } from '../../address';
import { formatDay } from '../../dates';
import { formatSpan } from '../../figures';
import { formatAmount, formatShare } from '../../money';
import type { Budget } from '../../queries/useBudgets';
import { amountTitle, reasonText, scopeTitle, unitOf } from '../../sections/budgets/budgetData';
import { type BudgetSubject, type ExplainSubject, hourOf, type RangeSubject } from '../subject';
import { Stated, type StatedRow } from './Stated';

interface BudgetFactsProps {
  subject: BudgetSubject;
  onOpen: (subject: ExplainSubject) => void;
}

/** What is spent of a budget, with its rows, what the limit is, and where the period ends. */
export function BudgetFacts({ subject: { budget, meta }, onOpen }: BudgetFactsProps) {
  const { t } = useTranslation(['explain', 'budgets', 'common']);
  const { t: ofBudgets } = useTranslation(['budgets', 'common']);
  const { current } = budget;
  const unit = unitOf(budget.currency, meta);
  const show = (amount: number | null | undefined) =>
    amount == null ? t('budgets:notKnown') : formatAmount(amount, unit);
  const rows: StatedRow[] = [
    { name: t('budgetAmount'), text: amountTitle(ofBudgets, budget, meta) },
    { name: t('budgetLimit'), text: show(current?.limit) },
    { name: t('spentSoFar'), text: show(current?.spent), part: spentSubject(budget) },
    { name: t('forecastOfPeriod'), text: show(current?.forecast) },
    ...(current?.breach_probability == null
      ? []
      : [{ name: t('breachProbability'), text: formatShare(current.breach_probability) }]),
    ...(current?.expected_breach_date == null
      ? []
      : [{ name: t('breachDay'), text: formatDay(current.expected_breach_date, { year: true }) }]),
  ];
  return (
    <Stated
      name={t('budgetOf', { name: budget.name, scope: scopeTitle(ofBudgets, budget.scope) })}
      value={current?.spent == null ? null : formatAmount(current.spent, unit)}
      range={current == null ? '' : formatSpan(current.start, current.end, meta.time_zone ?? 'UTC')}
      fresh={{ data: null, meta, etag: null, asOf: null, staleSeconds: null, receivedAt: 0, sentAt: null }}
      method={[
        t('budgetSpent'),
        budget.rollover ? t('budgetRollover') : null,
        t('budgetForecast'),
        current?.reason == null ? null : reasonText(ofBudgets, current.reason),
      ]}
      rows={rows}
      address={`api/billing/budgets/${budget.id}`}
      onOpen={onOpen}
    />
  );
}

/** The cost of the budget's period and scope. */
function spentSubject({ name, scope, current, currency }: Budget): RangeSubject | undefined {
  if (current?.spent == null || currency === '') {
    return undefined;
  }
  const { kind, namespace, label } = scope;
  const terms = [
    ...(kind === 'label' && namespace !== null ? [`project:${namespace}`] : []),
    ...(kind === 'label' && label !== null ? [`label:${label.key}=${label.value}`] : []),
  ];
  const of: Scope = kind === 'project' && namespace !== null ? { kind, namespace } : { kind: 'organization' };
  return {
    kind: 'range',
    title: name,
    scope: of,
    query: {
      from: hourOf(current.start),
      to: hourOf(current.end),
      ...(terms.length > 0 && { include: terms.join(',') }),
    },
    shown: current.spent,
  };
}
