import { type Query, useQueryClient } from '@tanstack/react-query';

import { billingKeys } from './keys';

/** Repeats the reads that failed, at once: a wait before the next retry is cut short. */
export function useTryAgain(): () => void {
  const client = useQueryClient();
  return () => {
    const failed = client.getQueryCache().findAll({ queryKey: billingKeys.all, type: 'active' }).filter(hasFailed);
    for (const { queryKey } of failed) {
      void client
        .cancelQueries({ queryKey, exact: true })
        .then(() => client.refetchQueries({ queryKey, exact: true, type: 'active' }));
    }
  };
}

function hasFailed({ state }: Query): boolean {
  return state.error !== null || state.fetchFailureCount > 0 || state.fetchStatus === 'paused';
}
