import { expect, test } from 'vitest';

import { ApiError } from '../api/errors';
import { retry, retryDelay } from './retry';

test.each([
  ['unavailable', true],
  ['unreachable', true],
  ['offline', true],
  ['timeout', true],
  ['unauthorized', false],
  ['guest', false],
  ['forbidden', false],
  ['failed', false],
] as const)('%s is tried again: %s', (kind, again) => {
  // Only temporary errors are retried.
  expect(retry(1, new ApiError(kind, ''))).toBe(again);
});

test('the wait doubles up to a minute and is never shorter than Retry-After', () => {
  const error = new ApiError('unavailable', '');
  const within = (milliseconds: number, seconds: number) => {
    expect(milliseconds).toBeGreaterThanOrEqual(seconds * 1000);
    expect(milliseconds).toBeLessThanOrEqual(seconds * 1250);
  };
  within(retryDelay(0, error), 2);
  within(retryDelay(1, error), 4);
  within(retryDelay(50, error), 60);
  within(retryDelay(0, new ApiError('unavailable', '', { retryAfterSeconds: 90 })), 90);
});
