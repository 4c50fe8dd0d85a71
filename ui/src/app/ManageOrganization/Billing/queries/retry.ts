import { ApiError } from '../api/errors';

const LONGEST_WAIT_SECONDS = 60;

/** Temporary errors are retried without a limit. TanStack Query pauses while the tab is hidden or offline. */
export function retry(_failures: number, error: Error): boolean {
  return error instanceof ApiError && error.passes;
}

/** Wait in milliseconds: 2, 4, 8 ... 60 s plus up to 25 % at random, at least `Retry-After`. */
export function retryDelay(failures: number, error: Error): number {
  const backOff = Math.min(LONGEST_WAIT_SECONDS, 2 ** (failures + 1));
  const asked = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) : 0;
  return Math.max(asked, backOff) * 1000 * (1 + Math.random() / 4);
}
