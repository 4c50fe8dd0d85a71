import type { UseQueryResult } from '@tanstack/react-query';

import type { Fresh, Overview } from '../api/models';
import { fetchOverview } from '../api/rest/overview';
import { billingKeys } from './keys';
import { useFresh } from './useFresh';

/** `period` is a month, "2026-11"; the default is the running month. */
export function useOverviewQuery(
  namespace: string,
  period?: string,
  options: { enabled?: boolean } = {},
): UseQueryResult<Fresh<Overview | null>> {
  return useFresh({
    queryKey: billingKeys.overview(namespace, period),
    fetch: (api, signal, previous) => fetchOverview(api, namespace, signal, period, previous),
    ...options,
  });
}
