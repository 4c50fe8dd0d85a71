import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';

import { viewQuery } from '../../address';
import type { Meta } from '../../api/models';
import { useBilling } from '../../BillingProvider';
import { formatDay } from '../../dates';
import { Explained } from '../../explain/Explained';
import { formatAmount, formatShare } from '../../money';
import { type Budget, isFiring, limitOf } from '../../queries/useBudgets';
import { Figure } from './Headline';

interface BudgetFigureProps {
  budgets: Budget[];
  meta: Meta;
  /** Whether the user may create one. */
  mayCreate: boolean;
}

/** The first budget of the scope. */
export function BudgetFigure({ budgets, meta, mayCreate }: BudgetFigureProps) {
  const { t } = useTranslation('overview');
  const { basePath } = useBilling();
  const [params] = useSearchParams();
  const to = { pathname: `${basePath}budgets`, search: viewQuery(params).toString() };
  const [first, ...others] = budgets;
  if (first === undefined) {
    return (
      <Figure title={t('budget')} notes={mayCreate && <Link to={to}>{t('setBudget')}</Link>}>
        <span className="billing-none">{t('noBudget')}</span>
      </Figure>
    );
  }
  const more = others.length > 0 ? `, ${t('more', { count: others.length })}` : '';
  return (
    <Figure
      title={t('budgetOf', { name: first.name }) + more}
      notes={<Link to={to}>{<Standing budget={first} />}</Link>}
    >
      <Explained subject={{ kind: 'budget', budget: first, meta }} name={t('budgetOf', { name: first.name })}>
        {formatAmount(limitOf(first), { currency: first.currency })}
      </Explained>
    </Figure>
  );
}

function Standing({ budget }: { budget: Budget }): string {
  const { t } = useTranslation('overview');
  const current = budget.current;
  const spent = current?.spent ?? null;
  const limit = current?.limit ?? null;
  const probability = current?.breach_probability ?? null;
  const date = current?.expected_breach_date ?? null;
  const likely =
    spent !== null && limit !== null && spent > limit
      ? t('budgetExceeded')
      : date !== null
        ? t('budgetBreach', { day: formatDay(date) })
        : probability !== null && probability > 0
          ? t('budgetProbability', { percent: formatShare(probability) })
          : null;
  return (
    [isFiring(budget) ? t('budgetFiring') : null, likely].filter((part) => part !== null).join(': ') || t('budgetKept')
  );
}
