import type { UseQueryResult } from '@tanstack/react-query';

import type { Fresh, Schemas } from '../../api/models';
import { change } from '../../api/request';
import { useChange } from '../../queries/useChange';
import { useResource } from '../../queries/useResource';
import type { Budget } from './budgetData';
import type { DraftBody } from './budgetDraft';

const BUDGETS = 'api/billing/budgets';
export type BudgetHistory = Schemas['BudgetHistory'];
export type BudgetPreview = Schemas['BudgetPreview'];
type BudgetSettings = Schemas['BudgetSettings'];

export function useBudget(id: string): UseQueryResult<Fresh<Budget>> {
  return useResource('/api/billing/budgets/{id}', { in: { id } });
}

export function useBudgetHistory(id: string): UseQueryResult<Fresh<BudgetHistory>> {
  return useResource('/api/billing/budgets/{id}/history', { in: { id } });
}

/** The channels that a budget can name, for whoever may write budgets. */
export function useChannelChoices(
  options: { enabled?: boolean } = {},
): UseQueryResult<Fresh<Schemas['ChannelChoices']>> {
  return useResource('/api/billing/budgets/channels', {}, options);
}

/** Whether project-users may write. Only an org-admin reads it. */
export function useBudgetSettings(): UseQueryResult<Fresh<BudgetSettings>> {
  return useResource('/api/billing/budgets/settings', {});
}

export function useSaveSettings() {
  return useChange<{ body: BudgetSettings; etag: string; key: string }, Fresh<BudgetSettings> | null>(
    (api, { body, etag, key }) =>
      change<BudgetSettings>(api, `${BUDGETS}/settings`, { method: 'PUT', body, ifMatch: etag, idempotencyKey: key }),
    BUDGETS,
  );
}

export interface SaveBudget {
  body: object;
  key: string;
  /** Of the budget that is changed. Null: a new one is created. */
  stored: { id: string; etag: string } | null;
}

export function useSaveBudget() {
  return useChange<SaveBudget, Fresh<Budget> | null>(
    (api, { body, key, stored }) =>
      stored === null
        ? change<Budget>(api, BUDGETS, { method: 'POST', body, idempotencyKey: key })
        : change<Budget>(api, `${BUDGETS}/${stored.id}`, {
            method: 'PUT',
            body,
            ifMatch: stored.etag,
            idempotencyKey: key,
          }),
    BUDGETS,
  );
}

export function useDeleteBudget() {
  return useChange<{ id: string; etag: string; key: string }, null>(async (api, { id, etag, key }) => {
    await change(api, `${BUDGETS}/${id}`, { method: 'DELETE', ifMatch: etag, idempotencyKey: key });
    return null;
  }, BUDGETS);
}

/** Replays a budget that is not stored. */
export function usePreview() {
  return useChange<DraftBody, Fresh<BudgetPreview>>(async (api, body) => {
    const fresh = await change<BudgetPreview>(api, `${BUDGETS}/preview`, { method: 'POST', body });
    if (fresh === null) {
      throw new TypeError('The response has no preview');
    }
    return fresh;
  }, null);
}
