import type { UseQueryResult } from '@tanstack/react-query';

import type { Fresh, ProjectList } from '../api/models';
import { fetchProjects } from '../api/rest/projects';
import { billingKeys } from './keys';
import { useFresh } from './useFresh';

/** All projects of the caller. `period` is a month, "2026-11"; the default is the running month. */
export function useProjectsQuery(
  period?: string,
  options: { enabled?: boolean } = {},
): UseQueryResult<Fresh<ProjectList>> {
  return useFresh({
    queryKey: billingKeys.projects(period),
    fetch: (api, signal, previous) => fetchProjects(api, signal, period, previous),
    ...options,
  });
}
