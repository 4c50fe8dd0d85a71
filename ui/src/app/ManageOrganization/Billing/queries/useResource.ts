import type { UseQueryResult } from '@tanstack/react-query';

import type { DataOf, Fresh, ReadPath } from '../api/models';
import { addressOf, fetchResource, type ResourceRequest } from '../api/rest/resource';
import { billingKeys } from './keys';
import { useFresh } from './useFresh';

interface Options<Data> {
  enabled?: boolean;
  polls?: boolean;
  expectsSoon?: (fresh: Fresh<Data> | undefined) => number | null;
}

/** Reads any GET of the API: `useResource('/api/billing/organization/forecast', { query: { level: '80' } })`. */
export function useResource<Path extends ReadPath>(
  path: Path,
  request: ResourceRequest<Path>,
  options: Options<DataOf<Path>> = {},
): UseQueryResult<Fresh<DataOf<Path>>> {
  const address = addressOf(path, request);
  return useFresh<DataOf<Path>>({
    queryKey: billingKeys.resource(address),
    fetch: (api, signal, previous) => fetchResource<Path>(api, address, signal, previous),
    ...options,
  });
}
