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
  /** Cards and table in their real shape, without figures. */
  skeleton: ReactNode;
  /** What stands in for `children` when the answer holds nothing; null when it does hold something. */
  empty?: (data: Data) => ReactNode;
  children: (fresh: Fresh<Data>) => ReactNode;
}

/** The one place that decides what is seen: loading, refused, failed, empty, or the data and how far to trust it. */
export function BillingState<Data>({ query, queryKey, skeleton, empty, children }: BillingStateProps<Data>) {
  const client = useQueryClient();
  const tryAgain = () => {
    // A wait before the next try is under way: it is cut short, not joined.
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
