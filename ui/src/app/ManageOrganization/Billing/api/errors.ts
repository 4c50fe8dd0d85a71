/** The kinds of API errors, grouped by what the user can do. */
export type ApiErrorKind =
  | 'unauthorized' // 401: the token is rejected, a renewal may help
  | 'guest' // 403: the user has no access to billing
  | 'forbidden' // 403: the user has no access to this project
  | 'admin' // 403: only org-admins
  | 'not_started' // 404: billing of the organization has not begun
  | 'gone' // 404: it was deleted, or the address is wrong
  | 'not_offered' // 501: the billing service of this installation lacks it
  | 'invalid' // 400, 422: the request; `details` say what is wrong
  | 'conflict' // 409, 412: another caller has changed it
  | 'unavailable' // 503 from the API: retry later
  | 'offline' // the browser has no network
  | 'unreachable' // no readable response: connection refused, or a gateway error without CORS headers
  | 'timeout' // no response within the time limit
  | 'failed'; // all other errors: a bug, or a response that does not match the API

interface ErrorAnswer {
  status?: number;
  requestId?: string | null;
  retryAfterSeconds?: number | null;
  code?: string | null;
  details?: Record<string, unknown>;
  cause?: unknown;
}

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly kind: ApiErrorKind;
  readonly status: number | null;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;
  /** Of the API's envelope, for programs. Null if the response has none. */
  readonly code: string | null;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(kind: ApiErrorKind, message: string, answer: ErrorAnswer = {}) {
    super(message, { cause: answer.cause });
    this.kind = kind;
    this.status = answer.status ?? null;
    this.requestId = answer.requestId ?? null;
    this.retryAfterSeconds = answer.retryAfterSeconds ?? null;
    this.code = answer.code ?? null;
    this.details = answer.details ?? {};
  }

  /** Whether a retry of the same request may succeed later without an action of the user. */
  get passes(): boolean {
    return ['unavailable', 'offline', 'unreachable', 'timeout'].includes(this.kind);
  }
}
