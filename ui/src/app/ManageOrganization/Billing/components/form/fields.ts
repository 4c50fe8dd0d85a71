import type { ApiError } from '../../api/errors';

/** The mistakes that the API found in the members of a body, by JSON pointer (RFC 6901). */
export type FieldErrors = ReadonlyMap<string, string>;

export const NO_ERRORS: FieldErrors = new Map();

/** `details.errors` of a 422. Empty for any other error. */
export function fieldErrorsOf(error: ApiError | null): FieldErrors {
  const errors = error?.kind === 'invalid' ? error.details.errors : null;
  const members: unknown[] = Array.isArray(errors) ? errors : [];
  return new Map(members.filter(isFieldError).map(({ pointer, message }) => [pointer, message]));
}

function isFieldError(value: unknown): value is { pointer: string; message: string } {
  const { pointer, message } = (value ?? {}) as { pointer?: unknown; message?: unknown };
  return typeof pointer === 'string' && typeof message === 'string';
}

/** The texts about the member at that pointer and about its own members. */
export function errorAt(errors: FieldErrors, pointer: string): string | null {
  const found = [...errors].filter(([at]) => isWithin(at, pointer)).map(([, text]) => text);
  return found.length === 0 ? null : [...new Set(found)].join('. ');
}

/** The texts about members that no field of the form shows. */
export function errorsElsewhere(errors: FieldErrors, pointers: readonly string[]): string[] {
  return [...errors]
    .filter(([at]) => !pointers.some((pointer) => isWithin(at, pointer)))
    .map(([at, text]) => (at === '' ? text : `${at}: ${text}`));
}

function isWithin(at: string, pointer: string): boolean {
  return at === pointer || at.startsWith(`${pointer}/`);
}
