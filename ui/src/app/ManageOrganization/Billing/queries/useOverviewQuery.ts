import type { UseQueryResult } from '@tanstack/react-query';

import type { Fresh, Overview } from '../api/models';
import { fetchOverview } from '../api/rest/overview';
import { billingKeys } from './keys';
import { useFresh } from './useFresh';

export function useOverviewQuery(namespace: string): UseQueryResult<Fresh<Overview | null>> {
  return useFresh({
    queryKey: billingKeys.overview(namespace),
    fetch: (api, signal, previous) => fetchOverview(api, namespace, signal, previous),
  });
}
