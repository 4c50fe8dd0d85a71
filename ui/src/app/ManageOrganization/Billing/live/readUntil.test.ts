import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { billingKeys } from '../queries/keys';
import { readUntil } from './readUntil';

let client: QueryClient;
const stops: (() => void)[] = [];

/** A read on the screen. The response has what `metaOf` returns at that time. */
function show(name: string, metaOf: () => { data_version?: number }) {
  const fetch = vi.fn(() => Promise.resolve({ meta: metaOf(), receivedAt: Date.now() }));
  const key = billingKeys.resource(name);
  const observer = new QueryObserver(client, { queryKey: key, queryFn: fetch, staleTime: 30_000 });
  stops.push(observer.subscribe(() => undefined));
  return { fetch, version: () => client.getQueryData<{ meta: { data_version?: number } }>(key)?.meta.data_version };
}

beforeEach(() => {
  vi.useFakeTimers();
  client = new QueryClient();
});

afterEach(() => {
  stops.splice(0).forEach((stop) => {
    stop();
  });
  vi.useRealTimers();
});

test('a response from the cache of a function, with the version before, is read again until it is the announced one', async () => {
  const from = Date.now();
  const list = show('projects', () => ({ data_version: Date.now() - from < 10_000 ? 20 : 21 }));
  await vi.advanceTimersByTimeAsync(4000);
  stops.push(readUntil(client, { version: 21, isChange: true }));
  await vi.advanceTimersByTimeAsync(100);
  expect(list.version()).toBe(20);
  await vi.advanceTimersByTimeAsync(12_000);
  expect(list.version()).toBe(21);
  const reads = list.fetch.mock.calls.length;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(list.fetch).toHaveBeenCalledTimes(reads);
});

test('a response without a version, such as that of budgets, is read again after the time of the cache', async () => {
  const budgets = show('budgets', () => ({}));
  await vi.advanceTimersByTimeAsync(100);
  const announced = Date.now();
  stops.push(readUntil(client, { version: 21, isChange: true }));
  await vi.advanceTimersByTimeAsync(600_000);
  expect(budgets.fetch.mock.calls.length).toBeLessThanOrEqual(6);
  const last = client.getQueryData<{ receivedAt: number }>(billingKeys.resource('budgets'))?.receivedAt;
  expect(last).toBeGreaterThanOrEqual(announced + 11_000);
});

test('a version that never comes is not read without end', async () => {
  const trend = show('trend', () => ({ data_version: 20 }));
  await vi.advanceTimersByTimeAsync(100);
  stops.push(readUntil(client, { version: 21, isChange: true }));
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(trend.fetch.mock.calls.length).toBeLessThanOrEqual(9);
});

test('the version at the beginning of a connection reads only what is older', async () => {
  const old = show('trend', () => ({ data_version: 20 }));
  const current = show('plan', () => ({ data_version: 21 }));
  const unknown = show('budgets', () => ({}));
  await vi.advanceTimersByTimeAsync(100);
  stops.push(readUntil(client, { version: 21, isChange: false }));
  await vi.advanceTimersByTimeAsync(3000);
  expect(old.fetch.mock.calls.length).toBeGreaterThan(1);
  expect(current.fetch).toHaveBeenCalledTimes(1);
  expect(unknown.fetch).toHaveBeenCalledTimes(1);
});
