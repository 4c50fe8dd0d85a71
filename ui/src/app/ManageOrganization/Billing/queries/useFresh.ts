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
  /** Milliseconds until the next read, where something is expected soon. Null: as every other read. */
  expectsSoon?: ((fresh: Fresh<Data> | undefined) => number | null) | undefined;
  /** While another view of the same resource is loaded, its figures before stay (`isPlaceholderData`). */
  keepsFigures?: boolean;
}

/** A read that is repeated while the tab is visible, with the ETag of the response before. */
export function useFresh<Data>({
  queryKey,
  fetch,
  enabled,
  polls,
  expectsSoon,
  keepsFigures,
}: FreshQuery<Data>): UseQueryResult<Fresh<Data>> {
  const { api } = useBilling();
  const client = useQueryClient();
  const isLive = useLiveState() === 'connected';
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => fetch(api, signal, client.getQueryData<Fresh<Data>>(queryKey)),
    placeholderData: (data, before) =>
      keepsFigures === true && isSameResource(before?.queryKey, queryKey) ? data : undefined,
    enabled: enabled ?? true,
    staleTime: 30_000,
    refetchInterval: ({ state: { data } }) =>
      expectsSoon?.(data) ?? (polls === false ? false : refetchInterval(data, isLive)),
    retry,
    retryDelay,
  });
}

/** Another project is another resource: its figures are never shown under this one's name. */
function isSameResource(one: QueryKey | undefined, other: QueryKey): boolean {
  const [path, otherPath] = [one, other].map((key) => String(key?.at(-1)).split('?')[0]);
  return path === otherPath;
}
