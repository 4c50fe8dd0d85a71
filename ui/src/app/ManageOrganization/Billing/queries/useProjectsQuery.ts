import { useQuery, type UseQueryResult } from '@tanstack/react-query';

import type { Fresh, ProjectList } from '../api/models';
import { fetchProjects } from '../api/rest/projects';
import { useBilling } from '../BillingProvider';
import { billingKeys } from './keys';
import { retry, retryDelay } from './retry';

export function useProjectsQuery(): UseQueryResult<Fresh<ProjectList>> {
  const { api } = useBilling();
  return useQuery({
    queryKey: billingKeys.projects,
    queryFn: ({ signal }) => fetchProjects(api, signal),
    staleTime: 30_000,
    retry,
    retryDelay,
  });
}
