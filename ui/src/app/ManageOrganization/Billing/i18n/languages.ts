/** The language of the user, and the file of its texts. */
import { storedLanguage } from '../storage';
import type { Catalogue } from './catalogue';

const CATALOGUES: Record<string, () => Promise<{ default: Catalogue }>> = {
  en: () => import('./en'),
  de: () => import('./de'),
  // Pseudo-languages of `make screenshots`: longer words, and from right to left.
  'en-XA': () => import('./pseudo'),
  'ar-XB': () => import('./pseudo'),
};
/** Offered in the menu, with their own names. */
export const LANGUAGES = [
  ['en', 'English'],
  ['de', 'Deutsch'],
] as const;

/** The chosen one, otherwise the first of the browser that is offered. */
export function languageOfUser(): string {
  const wanted = [storedLanguage(), ...navigator.languages].flatMap((tag) =>
    tag === null ? [] : [tag, tag.split('-')[0] ?? tag],
  );
  return wanted.find((tag) => tag in CATALOGUES) ?? 'en';
}

/** Loads the file of the texts. It is loaded once. */
export async function textsOf(language: string): Promise<Catalogue> {
  const { default: texts } = await (CATALOGUES[language] ?? (() => import('./en')))();
  return texts;
}
