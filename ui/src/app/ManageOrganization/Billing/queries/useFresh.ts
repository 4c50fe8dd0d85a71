import { type QueryKey, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';

import type { Fresh } from '../api/models';
import { type BillingApi } from '../api/request';
import { useBilling } from '../BillingProvider';
import { useLiveState } from '../live/LiveProvider';
import { refetchInterval } from './polling';
import { retry, retryDelay } from './retry';

interface FreshQuery<Data> {
  queryKey: QueryKey;
  fetch: (api: BillingApi, signal: AbortSignal, previous?: Fresh<Data>) => Promise<Fresh<Data>>;
  enabled?: boolean;
  /** False: the response does not change while the page is open. */
  polls?: boolean;
}

/** A read that is repeated while the tab is visible, with the ETag of the response before. */
export function useFresh<Data>({ queryKey, fetch, enabled, polls }: FreshQuery<Data>): UseQueryResult<Fresh<Data>> {
  const { api } = useBilling();
  const client = useQueryClient();
  const isLive = useLiveState() === 'connected';
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => fetch(api, signal, client.getQueryData<Fresh<Data>>(queryKey)),
    enabled: enabled ?? true,
    staleTime: 30_000,
    refetchInterval: (query) => (polls === false ? false : refetchInterval(query.state.data, isLive)),
    retry,
    retryDelay,
  });
}
