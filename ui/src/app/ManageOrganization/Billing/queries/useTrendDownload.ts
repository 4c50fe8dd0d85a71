import type { Scope } from '../address';
import type { QueryOf } from '../api/models';
import { useDownload } from './useDownload';

const OF_ORGANIZATION = '/api/billing/organization/trend';
const OF_PROJECT = '/api/billing/project/{namespace}/trend';

interface TrendDownload {
  isLoading: boolean;
  error: Error | null;
  /** Saves the same trend as a file. */
  save: (scope: Scope, query: QueryOf<typeof OF_ORGANIZATION>) => void;
}

export function useTrendDownload(): TrendDownload {
  const organization = useDownload<typeof OF_ORGANIZATION>();
  const project = useDownload<typeof OF_PROJECT>();
  return {
    isLoading: organization.isLoading || project.isLoading,
    error: organization.error ?? project.error,
    save: (scope, query) => {
      if (scope.kind === 'organization') {
        organization.download(OF_ORGANIZATION, { query }, 'trend.csv');
      } else {
        const { namespace } = scope;
        project.download(OF_PROJECT, { in: { namespace }, query }, `trend-${namespace}.csv`);
      }
    },
  };
}
