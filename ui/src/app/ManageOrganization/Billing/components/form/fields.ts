import type { ApiError } from '../../api/errors';

/** One mistake that the API found. The message is English. A place is shown before it. */
export interface Mistake {
  message: string;
  code: string;
  place?: string;
}

/** The code of a mistake that the page found: its message is in the user's language. */
export const TRANSLATED = 'translated';

/** The mistakes that the API found in the members of a body, by JSON pointer (RFC 6901). */
export type FieldErrors = ReadonlyMap<string, Mistake>;

export const NO_ERRORS: FieldErrors = new Map();

/** `details.errors` of a 422. Empty for any other error. */
export function fieldErrorsOf(error: ApiError | null): FieldErrors {
  const errors = error?.kind === 'invalid' ? error.details.errors : null;
  const members: unknown[] = Array.isArray(errors) ? errors : [];
  return new Map(
    members
      .filter(isFieldError)
      .map(({ pointer, message, code }) => [pointer, { message, code: typeof code === 'string' ? code : 'invalid' }]),
  );
}

function isFieldError(value: unknown): value is { pointer: string; message: string; code?: unknown } {
  const { pointer, message } = (value ?? {}) as { pointer?: unknown; message?: unknown };
  return typeof pointer === 'string' && typeof message === 'string';
}

/** The mistakes in the member at that pointer and in its own members. */
export function errorsAt(errors: FieldErrors, pointer: string): Mistake[] {
  const found = [...errors].filter(([at]) => isWithin(at, pointer)).map(([, mistake]) => mistake);
  return found.filter(
    ({ message, place }, index) =>
      found.findIndex((other) => other.message === message && other.place === place) === index,
  );
}

/** The mistakes in members that no field of the form shows, with their place. */
export function errorsElsewhere(errors: FieldErrors, pointers: readonly string[]): [string, Mistake][] {
  return [...errors].filter(([at]) => !pointers.some((pointer) => isWithin(at, pointer)));
}

function isWithin(at: string, pointer: string): boolean {
  return at === pointer || at.startsWith(`${pointer}/`);
}
