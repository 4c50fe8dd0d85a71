/** The texts, and the language of the user: the chosen one, otherwise the first of the browser that is offered. */
import { createInstance } from 'i18next';
import { initReactI18next } from 'react-i18next';

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

export const i18n = createInstance();

export function languageOfUser(): string {
  const wanted = [storedLanguage(), ...navigator.languages].flatMap((tag) =>
    tag === null ? [] : [tag, tag.split('-')[0] ?? tag],
  );
  return wanted.find((tag) => tag in CATALOGUES) ?? 'en';
}

/** Loads the texts of one language. Await it before the page is rendered. */
export async function loadTexts(language = languageOfUser()): Promise<void> {
  const { default: texts } = await (CATALOGUES[language] ?? (() => import('./en')))();
  if (!i18n.isInitialized) {
    await i18n.use(initReactI18next).init({
      lng: language,
      resources: { [language]: texts },
      fallbackLng: false,
      defaultNS: 'common',
      interpolation: { escapeValue: false }, // React escapes
    });
    return;
  }
  for (const [section, part] of Object.entries(texts)) {
    i18n.addResourceBundle(language, section, part);
  }
  await i18n.changeLanguage(language);
}

/**
 * Of numbers and dates: the browser's, in its regional form ("de-AT"). If the user chose another language for the page,
 * that one, so that a text and the dates in it are in one language.
 */
export function locale(): string {
  const language = i18n.resolvedLanguage ?? 'en';
  const regional = navigator.languages.find((tag) => tag === language || tag.startsWith(`${language}-`));
  return regional ?? (storedLanguage() === null && language === 'en' ? navigator.language : language);
}
