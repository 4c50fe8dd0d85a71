/** The texts of the catalogues, so that a test names a key and not its words. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];
export type Texts = Record<Language, string>;

const CATALOGUES = path.resolve(import.meta.dirname, '../../src/app/ManageOrganization/Billing/i18n');

/** `text('budgets.newBudget')`. Throws for a key without a text. */
export function text(key: string, values: Record<string, string | number> = {}): Texts {
  const [section = '', name = ''] = key.split('.');
  return { en: textOf('en', section, name, values), de: textOf('de', section, name, values) };
}

function textOf(language: Language, section: string, name: string, values: Record<string, string | number>): string {
  const file = path.join(CATALOGUES, language, `${section}.json`);
  const found = (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)[name];
  if (found === undefined) {
    throw new Error(`${file} has no ${name}`);
  }
  return found.replace(/{{(\w+)}}/g, (_, value: string) => String(values[value]));
}
