import { afterEach, expect, test, vi } from 'vitest';

import deStart from './de';
import deLate from './de/late';
import enStart from './en';
import enLate from './en/late';
import { i18n, loadLateTexts, loadTexts, locale } from './index';
import { languageOfUser } from './languages';
import pseudo, { pseudoText } from './pseudo';

const en = { ...enStart, ...enLate };
const de = { ...deStart, ...deLate };

afterEach(async () => {
  vi.restoreAllMocks();
  await loadTexts('en');
});

const placeholders = (text: string) => (text.match(/\{\{\w+\}\}/g) ?? []).sort();

test.each(Object.keys(en) as (keyof typeof en)[])('%s has the same keys and placeholders in German', (section) => {
  const [english, german] = [en[section], de[section]] as Record<string, string>[];
  expect(Object.keys(german ?? {}).sort()).toEqual(Object.keys(english ?? {}).sort());
  for (const [key, text] of Object.entries(english ?? {})) {
    expect(placeholders(german?.[key] ?? ''), key).toEqual(placeholders(text));
    expect(german?.[key]?.trim(), key).not.toBe('');
  }
});

test('the pseudo-language is longer, has accents, and keeps the placeholders', () => {
  expect(pseudoText('Usage of {{name}}')).toBe('[Úšágé óf {{name}}······]');
  expect(Object.keys(pseudo.common)).toEqual(expect.arrayContaining(Object.keys(en.common)));
  expect(Object.keys(pseudo.common)).toContain('unpricedTitle_few'); // Arabic has more forms of the plural
});

test.each([
  [['de-AT', 'en'], 'de', 'de-AT'],
  [['en-GB'], 'en', 'en-GB'],
  [['fr-FR', 'de'], 'de', 'de'],
  [['fr-FR'], 'en', 'fr-FR'],
  [['ar-XB'], 'ar-XB', 'ar-XB'],
])('a browser with %j gets the texts of %s and the numbers of %s', async (languages, language, numbers) => {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(languages);
  vi.spyOn(navigator, 'language', 'get').mockReturnValue(languages[0] ?? '');
  expect(languageOfUser()).toBe(language);
  await loadTexts();
  expect(i18n.language).toBe(language);
  expect(locale()).toBe(numbers);
});

test('German texts and the direction of the right-to-left language', async () => {
  await loadTexts('de');
  expect(i18n.t('overview')).toBe('Übersicht');
  expect(i18n.t('scopeOfMember', { count: 2, organization: 'acme' })).toBe('Ihre 2 Projekte in acme');
  await loadTexts('ar-XB');
  expect(i18n.dir()).toBe('rtl');
});

test('texts that are loaded late change with the language', async () => {
  expect(enStart).not.toHaveProperty('explain');
  await loadLateTexts();
  expect(i18n.t('explain:close')).toBe('Close');
  await loadTexts('de');
  expect(i18n.t('explain:close')).toBe('Schließen');
  await loadTexts('ar-XB');
  expect(i18n.t('explain:close')).toBe('[Çlóšé··]');
});
