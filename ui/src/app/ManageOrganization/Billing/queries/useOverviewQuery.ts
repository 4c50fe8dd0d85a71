import { useQuery, type UseQueryResult } from '@tanstack/react-query';

import type { Fresh, Overview } from '../api/models';
import { fetchOverview } from '../api/rest/overview';
import { useBilling } from '../BillingProvider';
import { billingKeys } from './keys';
import { retry, retryDelay } from './retry';

export function useOverviewQuery(namespace: string): UseQueryResult<Fresh<Overview>> {
  const { api } = useBilling();
  return useQuery({
    queryKey: billingKeys.overview(namespace),
    queryFn: ({ signal }) => fetchOverview(api, namespace, signal),
    staleTime: 30_000,
    retry,
    retryDelay,
  });
}
