import type { UseQueryResult } from '@tanstack/react-query';

import type { Scope } from '../address';
import { list, object } from '../api/checks';
import type { Fresh } from '../api/models';
import { get } from '../api/request';
import { billingKeys } from './keys';
import { useFresh } from './useFresh';

/** What the overview shows of a budget. */
export interface BudgetSummary {
  id: string;
  name: string;
  scope: { kind: 'organization' | 'project' | 'label'; namespace: string | null };
  amount: number;
  currency: string;
  period: 'month' | 'quarter' | 'year';
  thresholds: { state: 'ok' | 'pending' | 'firing' | 'resolved' }[];
  current: {
    limit: number | null;
    spent: number | null;
    breach_probability: number | null;
    expected_breach_date: string | null;
  };
}

const ADDRESS = 'api/billing/budgets';

export function useBudgets(): UseQueryResult<Fresh<BudgetSummary[]>> {
  return useFresh({
    queryKey: [...billingKeys.resource(ADDRESS), 'summary'],
    fetch: (api, signal, previous) => get(api, ADDRESS, checkBudgets, signal, previous),
  });
}

function checkBudgets(data: unknown): BudgetSummary[] {
  const budgets = list(object(data, 'data', {}).budgets, 'data.budgets');
  for (const item of budgets) {
    const budget = object(item, 'budget', { amount: Number.isFinite });
    object(budget.scope, 'budget.scope', {});
    object(budget.current, 'budget.current', {});
    list(budget.thresholds, 'budget.thresholds');
  }
  return budgets as BudgetSummary[];
}

/** The budgets of the running month for a scope. A budget of a label has another scope. */
export function monthlyBudgets(budgets: BudgetSummary[] | undefined, scope: Scope): BudgetSummary[] {
  return (budgets ?? []).filter(
    (budget) =>
      budget.period === 'month' &&
      budget.scope.kind === scope.kind &&
      (scope.kind === 'organization' || budget.scope.namespace === scope.namespace),
  );
}
