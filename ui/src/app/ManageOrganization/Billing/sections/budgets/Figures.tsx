/** The figures of a budget in its running period. What is not known has its reason. */
import { Content, Progress, ProgressVariant } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Meta } from '../../api/models';
import { formatDay } from '../../dates';
import { Explained } from '../../explain/Explained';
import { formatAmount, formatShare } from '../../money';
import { type Budget, reasonText, unitOf } from './budgetData';

interface FigureProps {
  budget: Budget;
  meta: Meta;
}

export function Spent({ budget, meta }: FigureProps) {
  const { t } = useTranslation(['budgets', 'common']);
  const { current } = budget;
  const unit = unitOf(budget.currency, meta);
  if (current?.spent == null) {
    return <Unknown reason={current?.reason ?? null} />;
  }
  const spent = formatAmount(current.spent, unit);
  if (current.limit === null) {
    return (
      <>
        <BudgetFigure budget={budget} meta={meta} name={t('spent')}>
          {t('limitUnknown', { spent })}
        </BudgetFigure>
        <Why reason={current.reason} />
      </>
    );
  }
  const text = t('spentOf', { spent, limit: formatAmount(current.limit, unit) });
  const share = current.spent_ratio ?? null;
  return (
    <>
      {/* Screen readers do not see the title of a Progress, so a button must not be in it. */}
      <BudgetFigure budget={budget} meta={meta} name={t('spent')}>
        {text}
      </BudgetFigure>
      {share !== null && (
        <Progress
          id={`billing-budget-${budget.id}`}
          aria-label={budget.name}
          size="sm"
          measureLocation="outside"
          value={Math.max(0, Math.min(100, Math.floor(share * 100)))}
          label={formatShare(share)}
          valueText={text}
          {...(current.spent > current.limit && { variant: ProgressVariant.danger })}
        />
      )}
      <Why reason={current.reason} />
    </>
  );
}

export function Forecast({ budget, meta }: FigureProps) {
  const { t } = useTranslation('budgets');
  const forecast = budget.current?.forecast ?? null;
  return forecast === null ? (
    t('notKnown')
  ) : (
    <BudgetFigure budget={budget} meta={meta} name={t('forecast')}>
      {formatAmount(forecast, unitOf(budget.currency, meta))}
    </BudgetFigure>
  );
}

/** How likely the period ends above the budget, and the first day of it. */
export function Breach({ budget, meta }: FigureProps) {
  const { t } = useTranslation('budgets');
  const { current } = budget;
  if (current == null) {
    return t('notKnown');
  }
  const { spent, limit, breach_probability: probability, expected_breach_date: day } = current;
  if (spent !== null && limit !== null && spent > limit) {
    return t('breachNow');
  }
  if (probability === null) {
    return t('notKnown');
  }
  if (probability === 0) {
    return t('breachNone');
  }
  const shown = formatShare(probability);
  return (
    <BudgetFigure budget={budget} meta={meta} name={t('breach')}>
      {day === null
        ? t('breachLikely', { probability: shown })
        : t('breachOn', { probability: shown, day: formatDay(day, { year: true }) })}
    </BudgetFigure>
  );
}

/** A figure of the budget, with what it is made of. */
export function BudgetFigure({ budget, meta, name, children }: FigureProps & { name: string; children: string }) {
  return (
    <Explained subject={{ kind: 'budget', budget, meta }} name={`${name}, ${budget.name}`}>
      {children}
    </Explained>
  );
}

function Unknown({ reason }: { reason: string | null }) {
  const { t } = useTranslation('budgets');
  return (
    <>
      {t('notKnown')}
      <Why reason={reason} />
    </>
  );
}

function Why({ reason }: { reason: string | null }) {
  const { t } = useTranslation(['budgets', 'common']);
  return reason === null ? null : <Content component="small">{reasonText(t, reason)}</Content>;
}
