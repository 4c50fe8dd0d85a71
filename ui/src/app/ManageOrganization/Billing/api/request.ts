import { ApiError } from './errors';
import type { Fresh, Meta } from './models';
import type { BillingSession } from './session';

/** Longer than the API's time limit and a cold start together. After it, the page shows an error. */
const DEADLINE_MILLISECONDS = 30_000;

export interface BillingApi {
  /** Origin (and prefix) of the API, from `window.backendURL`. */
  baseUrl: string;
  session: BillingSession;
  /** `include` if the console's gateway needs its cookies. The default is `omit`. */
  credentials?: RequestCredentials;
  /** Whether the page connects to `/api/billing/live`. Without it, it polls. */
  hasLive?: boolean;
}

/** Type predicate or assertion on `data`. Throws a TypeError that names the invalid member. */
export type Check<Data> = (data: unknown) => Data;

/**
 * One GET with the caller's token. After a 401 it renews the token once and retries once. With the `previous` response
 * it is conditional: a 304 returns the previous data, as new. Rejects with ApiError, or with the AbortError of the
 * given signal.
 */
export async function get<Data>(
  api: BillingApi,
  path: string,
  check: Check<Data>,
  signal: AbortSignal,
  previous?: Fresh<Data>,
): Promise<Fresh<Data>> {
  const etag = previous?.etag;
  const response = await authorized(api, path, { signal, ...(etag != null && { headers: { 'If-None-Match': etag } }) });
  if (response.status === 304 && previous !== undefined) {
    return { ...previous, staleSeconds: null, receivedAt: Date.now(), sentAt: sentNow(previous) };
  }
  if (!response.ok) {
    throw await errorOf(response);
  }
  return read(response, check);
}

export interface Change {
  method: 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  /** The ETag that was read: for PUT and DELETE. */
  ifMatch?: string;
  /** For POST: the same key for a retry of the same change. */
  idempotencyKey?: string;
}

/** One change. Null if the response has no body (204). Rejects as `get` does. */
export async function change<Data>(api: BillingApi, path: string, change: Change): Promise<Fresh<Data> | null> {
  const headers: Record<string, string> = {
    ...(change.body !== undefined && { 'Content-Type': 'application/json' }),
    ...(change.ifMatch !== undefined && { 'If-Match': change.ifMatch }),
    ...(change.idempotencyKey !== undefined && { 'Idempotency-Key': change.idempotencyKey }),
  };
  const body = change.body === undefined ? null : JSON.stringify(change.body);
  const response = await authorized(api, path, { method: change.method, headers, body });
  if (!response.ok) {
    throw await errorOf(response);
  }
  return response.status === 204 ? null : read(response, (data) => data as Data);
}

/** A response as a file (`format=csv`), with the name that the API gives it. */
export async function getFile(api: BillingApi, path: string): Promise<{ file: Blob; name: string | null }> {
  const response = await authorized(api, path, { headers: { Accept: 'text/csv, application/json' } });
  if (!response.ok) {
    throw await errorOf(response);
  }
  const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
  return { file: await response.blob(), name: name ?? null };
}

async function authorized(api: BillingApi, path: string, init: RequestInit): Promise<Response> {
  const token = (await api.session.getAccessToken()) ?? (await renew(api.session));
  const response = await send(api, path, token, init);
  return response.status === 401 ? send(api, path, await renew(api.session), init) : response;
}

async function renew(session: BillingSession): Promise<string | null> {
  try {
    return await session.renewAccessToken();
  } catch (cause) {
    throw new ApiError('unavailable', 'Identity provider unreachable', { code: 'identity_unreachable', cause });
  }
}

async function send(api: BillingApi, path: string, token: string | null, init: RequestInit): Promise<Response> {
  if (token === null) {
    throw new ApiError('unauthorized', 'The session could not be renewed');
  }
  const deadline = AbortSignal.timeout(DEADLINE_MILLISECONDS);
  try {
    return await fetch(new URL(path, withTrailingSlash(api.baseUrl)), {
      ...init,
      headers: {
        Accept: 'application/json',
        ...(init.headers as Record<string, string> | undefined),
        Authorization: `Bearer ${token}`,
      },
      // The token is all that the API needs. Cookies of other applications can exceed the size of the headers.
      credentials: api.credentials ?? 'omit',
      cache: 'no-store',
      signal: init.signal == null ? deadline : AbortSignal.any([init.signal, deadline]),
    });
  } catch (cause) {
    if (init.signal?.aborted === true) {
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
    const { success, data, meta, timestamp } = body as Partial<Record<string, unknown>>;
    if (success !== true) {
      throw new TypeError('success is not true');
    }
    const known = isRecord(meta) ? (meta as unknown as Meta) : { as_of: null, stale: false };
    return {
      data: check(data),
      meta: known,
      etag: response.headers.get('ETag'),
      asOf: dateOf(known.as_of),
      staleSeconds: staleSecondsOf(response, known.stale),
      receivedAt: Date.now(),
      sentAt: dateOf(timestamp),
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

/** A 304 has no body with the API's time: it is the time of the response before plus what has passed since then. */
function sentNow({ sentAt, receivedAt }: Fresh<unknown>): Date | null {
  return sentAt === null ? null : new Date(sentAt.getTime() + Date.now() - receivedAt);
}

async function errorOf(response: Response): Promise<ApiError> {
  const { text, code, details } = await errorBody(response);
  return new ApiError(kindOf(response.status, code, details), text, {
    status: response.status,
    requestId: response.headers.get('X-Request-Id'),
    retryAfterSeconds: secondsOf(response.headers.get('Retry-After')),
    code,
    details,
  });
}

const KIND_OF_CODE: Record<string, ApiError['kind']> = {
  billing_not_started: 'not_started',
  not_found: 'gone',
  org_admin_required: 'admin',
  not_offered: 'not_offered',
  invalid_parameter: 'invalid',
  invalid_namespace: 'invalid',
  token_too_large: 'failed', // a new login does not help
};
const KIND_OF_STATUS: Record<number, ApiError['kind']> = {
  401: 'unauthorized',
  409: 'conflict',
  412: 'conflict',
  422: 'invalid',
  501: 'not_offered',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

function kindOf(status: number, code: string | null, details: Record<string, unknown>): ApiError['kind'] {
  if (status === 403 && code !== 'org_admin_required') {
    return 'namespace' in details ? 'forbidden' : 'guest';
  }
  return KIND_OF_CODE[code ?? ''] ?? KIND_OF_STATUS[status] ?? 'failed';
}

interface ErrorBody {
  text: string;
  code: string | null;
  details: Record<string, unknown>;
}

/** The error envelope. A gateway's error page has no envelope; then only the status is used. */
async function errorBody(response: Response): Promise<ErrorBody> {
  const raw = await response.text();
  try {
    const body = JSON.parse(raw) as { error?: unknown; code?: unknown; details?: unknown } | null;
    return {
      text: typeof body?.error === 'string' ? body.error : `HTTP ${response.status}`,
      code: typeof body?.code === 'string' ? body.code : null,
      details: isRecord(body?.details) ? body.details : {},
    };
  } catch (error) {
    if (error instanceof SyntaxError) {
      return { text: `HTTP ${response.status}`, code: null, details: {} };
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
