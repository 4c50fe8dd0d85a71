import type { UseQueryResult } from '@tanstack/react-query';

import { ApiError } from '../api/errors';
import type { Fresh } from '../api/models';

export type ViewState<Data> =
  | { kind: 'loading' }
  | { kind: 'error'; error: ApiError }
  /** `refreshError`: the refresh failed, and the data is the last loaded data. */
  | { kind: 'data'; fresh: Fresh<Data>; refreshError: ApiError | null };

/** The state of a query. While it waits for a retry, the error is shown, not a skeleton. */
export function viewStateOf<Data>(query: UseQueryResult<Fresh<Data>>): ViewState<Data> {
  const error = errorOf(query);
  if (query.data !== undefined && !isRefusal(error)) {
    return { kind: 'data', fresh: query.data, refreshError: error };
  }
  return error === null ? { kind: 'loading' } : { kind: 'error', error };
}

function errorOf(query: UseQueryResult): ApiError | null {
  if (query.fetchStatus === 'paused' && !navigator.onLine) {
    return new ApiError('offline', 'The browser has no network');
  }
  const error = query.error ?? query.failureReason;
  if (error === null || error instanceof ApiError) {
    return error;
  }
  return new ApiError('failed', error.message, { cause: error });
}

/** After a loss of access, or when it was deleted, the data that was loaded before is not shown. */
function isRefusal(error: ApiError | null): boolean {
  return error !== null && ['guest', 'forbidden', 'admin', 'gone'].includes(error.kind);
}
