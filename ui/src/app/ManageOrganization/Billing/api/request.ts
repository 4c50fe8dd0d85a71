import { ApiError } from './errors';
import type { Fresh } from './models';
import type { BillingSession } from './session';

/** Longer than the API's time limit and a cold start together. After it, the page shows an error. */
const DEADLINE_MILLISECONDS = 30_000;

export interface BillingApi {
  /** Origin (and prefix) of the API, from `window.backendURL`. */
  baseUrl: string;
  session: BillingSession;
}

/** Type predicate or assertion on `data`. Throws a TypeError that names the invalid member. */
export type Check<Data> = (data: unknown) => Data;

/**
 * One GET with the caller's token. After a 401 it renews the token once and retries once.
 * Rejects with ApiError, or with the AbortError of the given signal.
 */
export async function get<Data>(
  api: BillingApi,
  path: string,
  check: Check<Data>,
  signal: AbortSignal,
): Promise<Fresh<Data>> {
  const token = (await api.session.getAccessToken()) ?? (await renew(api.session));
  let response = await send(api, path, token, signal);
  if (response.status === 401) {
    response = await send(api, path, await renew(api.session), signal);
  }
  if (!response.ok) {
    throw await errorOf(response);
  }
  return read(response, check);
}

async function renew(session: BillingSession): Promise<string | null> {
  try {
    return await session.renewAccessToken();
  } catch (cause) {
    throw new ApiError('unavailable', 'Identity provider unreachable', { cause });
  }
}

async function send(api: BillingApi, path: string, token: string | null, signal: AbortSignal): Promise<Response> {
  if (token === null) {
    throw new ApiError('unauthorized', 'The session could not be renewed');
  }
  const deadline = AbortSignal.timeout(DEADLINE_MILLISECONDS);
  try {
    return await fetch(new URL(path, withTrailingSlash(api.baseUrl)), {
      headers: { Authorization: `Bearer ${token}`, Accept: 'application/json' },
      credentials: 'include',
      signal: AbortSignal.any([signal, deadline]),
    });
  } catch (cause) {
    if (signal.aborted) {
      throw cause;
    }
    if (deadline.aborted) {
      throw new ApiError('timeout', `No response within ${DEADLINE_MILLISECONDS / 1000} s`, { cause });
    }
    const kind = navigator.onLine ? 'unreachable' : 'offline';
    throw new ApiError(kind, 'The response is not readable', { cause });
  }
}

async function read<Data>(response: Response, check: Check<Data>): Promise<Fresh<Data>> {
  try {
    const body: unknown = await response.json();
    const { success, data, meta } = body as { success?: unknown; data?: unknown; meta?: Record<string, unknown> };
    if (success !== true) {
      throw new TypeError('success is not true');
    }
    return {
      data: check(data),
      asOf: dateOf(meta?.as_of),
      staleSeconds: staleSecondsOf(response, meta?.stale),
    };
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') {
      throw cause;
    }
    throw new ApiError('failed', `The response does not match the API: ${String(cause)}`, {
      status: response.status,
      requestId: response.headers.get('X-Request-Id'),
      cause,
    });
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const { text, details } = await errorBody(response);
  return new ApiError(kindOf(response.status, details), text, {
    status: response.status,
    requestId: response.headers.get('X-Request-Id'),
    retryAfterSeconds: secondsOf(response.headers.get('Retry-After')),
  });
}

function kindOf(status: number, details: Record<string, unknown>): ApiError['kind'] {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'namespace' in details ? 'forbidden' : 'guest';
    case 502:
    case 503:
    case 504:
      return 'unavailable';
    default:
      return 'failed';
  }
}

/** The error envelope. A gateway's error page has no envelope; then only the status is used. */
async function errorBody(response: Response): Promise<{ text: string; details: Record<string, unknown> }> {
  const raw = await response.text();
  try {
    const body = JSON.parse(raw) as { error?: unknown; details?: unknown } | null;
    return {
      text: typeof body?.error === 'string' ? body.error : `HTTP ${response.status}`,
      details: isRecord(body?.details) ? body.details : {},
    };
  } catch (error) {
    if (error instanceof SyntaxError) {
      return { text: `HTTP ${response.status}`, details: {} };
    }
    throw error;
  }
}

function dateOf(value: unknown): Date | null {
  const date = typeof value === 'string' ? new Date(value) : null;
  return date === null || Number.isNaN(date.getTime()) ? null : date;
}

function staleSecondsOf(response: Response, stale: unknown): number | null {
  return stale === true ? (secondsOf(response.headers.get('Age')) ?? 0) : null;
}

function secondsOf(header: string | null): number | null {
  const seconds = header === null ? Number.NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

function withTrailingSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
