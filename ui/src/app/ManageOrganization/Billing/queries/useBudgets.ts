import type { UseQueryResult } from '@tanstack/react-query';

import type { Scope } from '../address';
import type { Fresh, Schemas } from '../api/models';
import { useResource } from './useResource';

export type Budget = Schemas['Budget'];
export type BudgetList = Schemas['BudgetList'];

export function useBudgets(): UseQueryResult<Fresh<BudgetList>> {
  return useResource('/api/billing/budgets', {});
}

export function isFiring({ thresholds }: Budget): boolean {
  return thresholds.some(({ state }) => state === 'firing');
}

/**
 * The budgets of the running month for a scope, those that warn first: the first one is shown as a figure and as a line.
 * A budget of a label has another scope.
 */
export function monthlyBudgets(list: BudgetList | undefined, scope: Scope): Budget[] {
  return (list?.budgets ?? [])
    .filter(
      (budget) =>
        budget.period === 'month' &&
        budget.scope.kind === scope.kind &&
        (scope.kind === 'organization' || budget.scope.namespace === scope.namespace),
    )
    .sort((a, b) => Number(isFiring(b)) - Number(isFiring(a)));
}

export function limitOf({ current, amount }: Budget): number {
  return current?.limit ?? amount;
}
