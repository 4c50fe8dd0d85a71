/** What can go wrong between the page and the API, by what a person can do about it. */
export type ApiErrorKind =
  | 'unauthorized' // 401: the token is refused, renewal may help
  | 'guest' // 403: this person sees no billing at all
  | 'forbidden' // 403: not this project
  | 'unavailable' // 503 from the API: wait
  | 'offline' // the browser has no network
  | 'unreachable' // no readable answer: connection refused, or a gateway's own error without CORS headers
  | 'timeout' // no answer within the deadline
  | 'failed'; // anything else: a bug, or an answer that is not what the API promises

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly kind: ApiErrorKind;
  readonly status: number | null;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;

  constructor(
    kind: ApiErrorKind,
    message: string,
    answer: { status?: number; requestId?: string | null; retryAfterSeconds?: number | null; cause?: unknown } = {},
  ) {
    super(message, { cause: answer.cause });
    this.kind = kind;
    this.status = answer.status ?? null;
    this.requestId = answer.requestId ?? null;
    this.retryAfterSeconds = answer.retryAfterSeconds ?? null;
  }

  /** Whether the same question may be answered a little later without anybody doing anything. */
  get passes(): boolean {
    return ['unavailable', 'offline', 'unreachable', 'timeout'].includes(this.kind);
  }
}
