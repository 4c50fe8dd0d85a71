import { readFileSync } from 'node:fs';

import { afterEach, expect, test } from 'vitest';
import { parse } from 'yaml';

import { loadTexts } from '../i18n';
import { ApiError } from './errors';
import { codeText, errorText, errorTextWithRequest } from './errorText';

/** The page sends no such request, or shows no text: without a live connection it polls. */
const NOT_MET_BY_USERS = [
  'bad_request',
  'http_version_not_supported',
  'invalid_header',
  'malformed_body',
  'method_not_allowed',
  'not_implemented',
  'origin_denied',
  'precondition_required',
  'too_many_connections',
  'unexpected_body',
  'unsupported_media_type',
  'upgrade_not_allowed',
  'upgrade_required',
];

afterEach(() => loadTexts('en'));

const description = parse(readFileSync('../docs/openapi.yaml', 'utf8')) as {
  components: { schemas: { ErrorCode: { enum: string[] } } };
};

test.each(['en', 'de'])('every code of the API that a user can meet has a text (%s)', async (language) => {
  await loadTexts(language);
  const codes = description.components.schemas.ErrorCode.enum;
  expect(codes.filter((code) => codeText(code) === null).sort()).toEqual(NOT_MET_BY_USERS);
});

test('the text is in the language of the page, and the details of the API stay', async () => {
  await loadTexts('de');
  expect(errorText(new ApiError('failed', 'Internal server error', { code: 'internal_error' }))).toBe(
    'In der Abrechnung ist ein interner Fehler aufgetreten',
  );
  expect(errorText(new ApiError('conflict', 'its channel is disabled', { code: 'conflict' }))).toBe(
    'Das passt nicht zum jetzigen Stand (its channel is disabled)',
  );
  expect(errorText(new ApiError('offline', 'The browser has no network'))).toBe('Sie sind offline');
});

test('an unknown code keeps the text of the API, with the request id', () => {
  const error = new ApiError('failed', 'A new reason', { code: 'newer_than_the_page', requestId: '6f1c' });
  expect(errorText(error)).toBe('A new reason. Request 6f1c');
  expect(errorTextWithRequest(error)).toBe('A new reason. Request 6f1c');
});

test('for support, a known error has the request id too', () => {
  const error = new ApiError('failed', 'Internal server error', { code: 'internal_error', requestId: '6f1c' });
  expect(errorTextWithRequest(error)).toBe('Billing had an internal error. Request 6f1c');
  expect(errorText(error)).toBe('Billing had an internal error');
});
