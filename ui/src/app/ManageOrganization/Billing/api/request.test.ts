import { beforeEach, describe, expect, test, vi } from 'vitest';

import { acme, failure, overview, success } from '../../../../../tests/fixtures';
import { ApiError } from './errors';
import { type BillingApi, change } from './request';
import { fetchOverview } from './rest/overview';
import { fetchProjects } from './rest/projects';
import { addressOf, fetchCsv } from './rest/resource';

const fetchMock = vi.fn<typeof fetch>();
const renewAccessToken = vi.fn<() => Promise<string | null>>();
const api: BillingApi = {
  baseUrl: 'https://backend.example/prefix',
  session: { getAccessToken: () => Promise.resolve('first'), renewAccessToken, signIn: () => undefined },
};
const never = new AbortController().signal;

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });
const tokens = () => fetchMock.mock.calls.map(([, init]) => new Headers(init?.headers).get('Authorization'));

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

beforeEach(() => {
  fetchMock.mockReset();
  renewAccessToken.mockReset();
  vi.stubGlobal('fetch', fetchMock);
});

test('a request carries the token, and no cookies, to the address under the base URL', async () => {
  fetchMock.mockResolvedValue(json(success(acme)));
  const { data, asOf, staleSeconds } = await fetchProjects(api, never);
  expect(data).toEqual(acme);
  expect(asOf?.toISOString()).toBe('2025-09-29T15:00:00.000Z');
  expect(staleSeconds).toBeNull();
  const [url, init] = fetchMock.mock.calls[0] ?? [];
  expect((url as URL).href).toBe('https://backend.example/prefix/api/billing/projects?limit=1000');
  expect(init?.credentials).toBe('omit');
  expect(tokens()).toEqual(['Bearer first']);
});

test('a namespace is one segment of the path, whatever stands in it', async () => {
  fetchMock.mockResolvedValue(json(success(overview())));
  await fetchOverview(api, '../a b?c', never);
  expect((fetchMock.mock.calls[0]?.[0] as URL).pathname).toBe('/prefix/api/billing/project/..%2Fa%20b%3Fc/overview');
});

describe('a 401', () => {
  test('causes one renewal and one retry with the new token', async () => {
    fetchMock.mockResolvedValueOnce(json(failure('Authentication token expired'), 401));
    fetchMock.mockResolvedValueOnce(json(success(acme)));
    renewAccessToken.mockResolvedValue('second');
    await fetchProjects(api, never);
    expect(tokens()).toEqual(['Bearer first', 'Bearer second']);
  });

  test('for the new token too is the end: no third try', async () => {
    fetchMock.mockImplementation(() => Promise.resolve(json(failure('Invalid authentication token'), 401)));
    renewAccessToken.mockResolvedValue('second');
    expect((await failureOf(fetchProjects(api, never))).kind).toBe('unauthorized');
    expect(fetchMock).toHaveBeenCalledTimes(2);
  });

  test('without a session to renew is the end at once', async () => {
    fetchMock.mockResolvedValue(json(failure('Authentication token expired'), 401));
    renewAccessToken.mockResolvedValue(null);
    expect((await failureOf(fetchProjects(api, never))).kind).toBe('unauthorized');
    expect(fetchMock).toHaveBeenCalledTimes(1);
  });

  test('while the identity provider is unavailable is not a logout', async () => {
    fetchMock.mockResolvedValue(json(failure('Authentication token expired'), 401));
    renewAccessToken.mockRejectedValue(new TypeError('Failed to fetch'));
    const error = await failureOf(fetchProjects(api, never));
    expect([error.kind, error.message, error.passes]).toEqual(['unavailable', 'Identity provider unreachable', true]);
  });
});

test.each([
  [403, failure('Billing access denied'), 'guest'],
  [403, failure('Access denied to namespace', { namespace: 'a' }), 'forbidden'],
  [503, failure('Billing service unreachable'), 'unavailable'],
  [502, 'a page of the gateway', 'unavailable'],
  [500, failure('Internal server error'), 'failed'],
  [404, null, 'failed'],
  [400, [], 'failed'],
  [400, { ...failure('period must be a month'), code: 'invalid_parameter' }, 'invalid'],
  [403, { ...failure('Organization administrator required'), code: 'org_admin_required' }, 'admin'],
  [404, { ...failure('Billing has not started'), code: 'billing_not_started' }, 'not_started'],
  [412, failure('The channel has changed'), 'conflict'],
  [501, failure('Not offered by this installation'), 'not_offered'],
] as const)('%s %j is %s', async (status, body, kind) => {
  // The kind of error for each status, with and without the API's envelope.
  fetchMock.mockResolvedValue(json(body, status));
  const error = await failureOf(fetchProjects(api, never));
  expect([error.kind, error.status]).toEqual([kind, status]);
});

test('an error has the request id and the time of Retry-After', async () => {
  const headers = { 'X-Request-Id': 'abc', 'Retry-After': '7' };
  fetchMock.mockResolvedValue(json(failure('Billing service unreachable'), 503, headers));
  const error = await failureOf(fetchProjects(api, never));
  expect([error.requestId, error.retryAfterSeconds]).toEqual(['abc', 7]);
});

test.each(['Wed, 21 Oct 2026 07:28:00 GMT', '-1', 'soon'])('Retry-After: %s is ignored', async (header) => {
  // A date or an invalid value must not become a wait of NaN seconds.
  fetchMock.mockResolvedValue(json(failure('x'), 503, { 'Retry-After': header }));
  expect((await failureOf(fetchProjects(api, never))).retryAfterSeconds).toBeNull();
});

test('a stale response has its age', async () => {
  fetchMock.mockResolvedValue(json(success(acme, { stale: true }), 200, { Age: '840' }));
  expect((await fetchProjects(api, never)).staleSeconds).toBe(840);
});

test('a response that is not readable is unreachable, or offline if the browser is offline', async () => {
  fetchMock.mockRejectedValue(new TypeError('Failed to fetch'));
  expect((await failureOf(fetchProjects(api, never))).kind).toBe('unreachable');
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
  expect((await failureOf(fetchProjects(api, never))).kind).toBe('offline');
});

test('a cancelled request is not an API error', async () => {
  const controller = new AbortController();
  fetchMock.mockImplementation((_url, init) => {
    controller.abort();
    return Promise.reject(init?.signal?.reason as Error);
  });
  await expect(fetchProjects(api, controller.signal)).rejects.toHaveProperty('name', 'AbortError');
});

test('a request without a response ends at the time limit', async () => {
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort(new DOMException('', 'TimeoutError')));
  fetchMock.mockImplementation((_url, init) => Promise.reject(init?.signal?.reason as Error));
  expect((await failureOf(fetchProjects(api, never))).kind).toBe('timeout');
});

const priced = acme.projects[0]?.billing_summary;
test.each([
  ['not JSON', 'oops'],
  ['no envelope', JSON.stringify(null)],
  ['success is false', JSON.stringify({ ...success(acme), success: false })],
  ['no list', JSON.stringify(success({ ...acme, projects: undefined }))],
  ['a project is null', JSON.stringify(success({ ...acme, projects: [null] }))],
  ['an amount is text', summaryWith({ current_month_total: '1.00' })],
  ['an amount is missing', summaryWith({ last_day_spend: undefined })],
  ['an amount is null', summaryWith({ current_month_total: null })],
  ['a currency is a number', summaryWith({ currency: 978 })],
  ['no totals', JSON.stringify(success({ ...acme, totals: null }))],
])('a response where %s is an error, never a figure', async (_what, body) => {
  // An invalid response must not be shown as "free".
  fetchMock.mockResolvedValue(new Response(body));
  expect((await failureOf(fetchProjects(api, never))).kind).toBe('failed');
});

function summaryWith(part: object): string {
  const projects = [{ namespace: 'a', error: null, billing_summary: { ...priced, ...part } }];
  return JSON.stringify(success({ ...acme, projects }));
}

test('a read with a previous response is conditional, and a 304 returns it as new', async () => {
  fetchMock.mockResolvedValueOnce(json(success(acme, { stale: true }), 200, { ETag: '"1"', Age: '60' }));
  const first = await fetchProjects(api, never);
  expect(first.etag).toBe('"1"');
  fetchMock.mockResolvedValueOnce(new Response(null, { status: 304 }));
  const second = await fetchProjects(api, never, undefined, first);
  expect(new Headers(fetchMock.mock.calls[1]?.[1]?.headers).get('If-None-Match')).toBe('"1"');
  expect(second.data).toBe(first.data);
  expect(second.staleSeconds).toBeNull();
});

test('a change carries its body, key and version, and 204 has no data', async () => {
  fetchMock.mockResolvedValueOnce(new Response(null, { status: 204 }));
  const sent = await change(api, 'api/billing/budgets/1', {
    method: 'PUT',
    body: { name: 'x' },
    ifMatch: '"1"',
    idempotencyKey: 'k',
  });
  expect(sent).toBeNull();
  const init = fetchMock.mock.calls[0]?.[1];
  expect([init?.method, init?.body]).toEqual(['PUT', '{"name":"x"}']);
  expect(Object.fromEntries(new Headers(init?.headers))).toMatchObject({
    'content-type': 'application/json',
    'if-match': '"1"',
    'idempotency-key': 'k',
  });
});

test('any resource has its path, its query in order, and its file', async () => {
  const address = addressOf('/api/billing/project/{namespace}/trend', {
    in: { namespace: 'a b' },
    query: { to: '2026-11-02', from: '2026-11-01', compare: undefined },
  });
  expect(address).toBe('api/billing/project/a%20b/trend?from=2026-11-01&to=2026-11-02');
  const headers = { 'Content-Disposition': 'attachment; filename="trend.csv"' };
  fetchMock.mockResolvedValueOnce(new Response('row,amount', { headers }));
  const { file, name } = await fetchCsv(api, '/api/billing/organization/trend', { query: { granularity: 'day' } });
  expect([await file.text(), name]).toEqual(['row,amount', 'trend.csv']);
  expect((fetchMock.mock.calls[0]?.[0] as URL).search).toBe('?format=csv&granularity=day');
});
