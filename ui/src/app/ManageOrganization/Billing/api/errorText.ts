/** What an error means, in the user's language. */
import { i18n } from '../i18n';
import { ApiError, type ApiErrorKind } from './errors';

/** The API's own text has more than the code: which value, and why. It is English. */
const WITH_DETAILS = new Set(['body_too_large', 'conflict', 'invalid_body', 'invalid_parameter']);

/** Of an error without a code: there is no response of the API. */
const KINDS = {
  offline: 'common:offlineTitle',
  timeout: 'common:timeoutBody',
  unauthorized: 'common:expiredTitle',
  unavailable: 'common:unavailableTitle',
  unreachable: 'common:unreachableBody',
} as const satisfies Partial<Record<ApiErrorKind, string>>;

/** An unknown code keeps the API's text, with the id of the request for support. */
export function errorText(error: Error): string {
  if (!(error instanceof ApiError)) {
    return error.message;
  }
  const known = codeText(error.code);
  if (known !== null) {
    return WITH_DETAILS.has(error.code ?? '') ? `${known} (${error.message})` : known;
  }
  if (error.code === null && error.kind in KINDS) {
    return i18n.t(KINDS[error.kind as keyof typeof KINDS]);
  }
  return error.requestId === null ? error.message : `${error.message}. ${requestText(error.requestId)}`;
}

/** For support: also a known error has the id of its request. */
export function errorTextWithRequest(error: ApiError): string {
  const text = errorText(error);
  const request = error.requestId === null ? '' : requestText(error.requestId);
  return text.includes(request) ? text : `${text}. ${request}`;
}

/** Null: the page has no text for the code. */
export function codeText(code: string | null): string | null {
  const isKnown: boolean = code !== null && i18n.exists(code, { ns: 'errors' });
  return isKnown ? i18n.t(code as 'not_found', { ns: 'errors' }) : null;
}

function requestText(id: string): string {
  return i18n.t('common:requestId', { id });
}
