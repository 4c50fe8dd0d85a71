import { type UseQueryResult, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import type { Fresh } from '../api/models';
import { ErrorState } from './ErrorState';
import { LoadingState } from './LoadingState';
import { FreshnessNotices } from './Notices';
import { viewStateOf } from './viewState';

interface BillingStateProps<Data> {
  query: UseQueryResult<Fresh<Data>>;
  queryKey: readonly string[];
  /** Skeletons of cards and table. */
  skeleton: ReactNode;
  /** Shown instead of `children` if the response is empty. Null if it is not empty. */
  empty?: (data: Data) => ReactNode;
  children: (fresh: Fresh<Data>) => ReactNode;
}

/** Decides which state is shown: loading, rejected, failed, empty, or the data with its age. */
export function BillingState<Data>({ query, queryKey, skeleton, empty, children }: BillingStateProps<Data>) {
  const client = useQueryClient();
  const tryAgain = () => {
    // A wait before the next retry is running: it is cut short.
    void client.cancelQueries({ queryKey }).then(() => query.refetch());
  };
  const state = viewStateOf(query);
  switch (state.kind) {
    case 'loading':
      return <LoadingState>{skeleton}</LoadingState>;
    case 'error':
      return <ErrorState error={state.error} onTryAgain={tryAgain} isTrying={query.fetchStatus !== 'idle'} />;
    case 'data':
      return (
        <>
          <FreshnessNotices fresh={state.fresh} refreshError={state.refreshError} onTryAgain={tryAgain} />
          {empty?.(state.fresh.data) ?? children(state.fresh)}
        </>
      );
  }
}
