import { useQueries, type UseQueryResult } from '@tanstack/react-query';

import type { DataOf, Fresh } from '../../api/models';
import { addressOf, fetchResource } from '../../api/rest/resource';
import { useBilling } from '../../BillingProvider';
import { monthOf } from '../../figures';
import { billingKeys } from '../../queries/keys';
import { retry, retryDelay } from '../../queries/retry';
import { useResource } from '../../queries/useResource';

export const STATEMENT = '/api/billing/organization/statement';
export type Statement = DataOf<typeof STATEMENT>;
export type Months = DataOf<'/api/billing/organization/trend'>;

/** The usage of the last twelve months. */
export function useMonths(): UseQueryResult<Fresh<Months>> {
  return useResource('/api/billing/organization/trend', { query: { granularity: 'month', limit: 1 } });
}

export function useStatement(period: string): UseQueryResult<Fresh<Statement>> {
  return useResource(STATEMENT, { query: { period } });
}

export function useStatements(periods: string[]): UseQueryResult<Fresh<Statement>>[] {
  const { api } = useBilling();
  return useQueries({
    queries: periods.map((period) => {
      const address = addressOf(STATEMENT, { query: { period } });
      return {
        queryKey: billingKeys.resource(address),
        queryFn: ({ signal }: { signal: AbortSignal }) => fetchResource<typeof STATEMENT>(api, address, signal),
        staleTime: 30_000,
        retry,
        retryDelay,
      };
    }),
  });
}

/** The months that have begun since the first one with usage, the newest one first. */
export function periodsOf({ data, meta }: Fresh<Months>): string[] {
  const begun = data.buckets.filter(({ state }) => state !== 'future');
  const first = begun.findIndex(({ state }) => state !== 'no_data');
  return first < 0
    ? []
    : begun
        .slice(first)
        .map(({ from }) => monthOf(from, meta.time_zone ?? 'UTC'))
        .reverse();
}
