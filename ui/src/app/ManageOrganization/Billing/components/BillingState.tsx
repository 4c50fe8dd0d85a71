import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import type { Fresh } from '../api/models';
import { useTryAgain } from '../queries/useTryAgain';
import { ErrorState, type Way } from './ErrorState';
import { LoadingState } from './LoadingState';
import { FreshnessNotices } from './Notices';
import { viewStateOf } from './viewState';

interface BillingStateProps<Data> {
  query: UseQueryResult<Fresh<Data>>;
  /** The project of the request, if it is not in the path. */
  namespace?: string | undefined;
  /** Of something that can be deleted: the list that it is in. */
  list?: Way;
  /** Skeletons of cards and table. */
  skeleton: ReactNode;
  /** Shown instead of `children` if the response is empty. Null if it is not empty. */
  empty?: (data: Data) => ReactNode;
  children: (fresh: Fresh<Data>) => ReactNode;
}

/** Decides which state is shown: loading, rejected, failed, empty, or the data with its age. */
export function BillingState<Data>({ query, namespace, list, skeleton, empty, children }: BillingStateProps<Data>) {
  const tryAgain = useTryAgain();
  const state = viewStateOf(query);
  switch (state.kind) {
    case 'loading':
      return <LoadingState>{skeleton}</LoadingState>;
    case 'error':
      return (
        <ErrorState
          error={state.error}
          onTryAgain={tryAgain}
          isTrying={query.fetchStatus !== 'idle'}
          {...(namespace !== undefined && { namespace })}
          {...(list !== undefined && { list })}
        />
      );
    case 'data':
      return (
        <>
          <FreshnessNotices fresh={state.fresh} refreshError={state.refreshError} onTryAgain={tryAgain} />
          {empty?.(state.fresh.data) ?? children(state.fresh)}
        </>
      );
  }
}
