import type { UseQueryResult } from '@tanstack/react-query';

import type { Scope } from '../address';
import type { Fresh, Schemas } from '../api/models';
import { useResource } from './useResource';

export type Budget = Schemas['Budget'];
export type BudgetList = Schemas['BudgetList'];

export function useBudgets(): UseQueryResult<Fresh<BudgetList>> {
  return useResource('/api/billing/budgets', {});
}

/** The budgets of the running month for a scope. A budget of a label has another scope. */
export function monthlyBudgets(list: BudgetList | undefined, scope: Scope): Budget[] {
  return (list?.budgets ?? []).filter(
    (budget) =>
      budget.period === 'month' &&
      budget.scope.kind === scope.kind &&
      (scope.kind === 'organization' || budget.scope.namespace === scope.namespace),
  );
}
