/** The texts, in the language of the user. */
import { createInstance } from 'i18next';
import { initReactI18next } from 'react-i18next';

import { storedLanguage } from '../storage';
import type { LateCatalogue } from './catalogue';
import { languageOfUser, textsOf } from './languages';

const LATE: Record<string, () => Promise<{ default: LateCatalogue }>> = {
  en: () => import('./en/late'),
  de: () => import('./de/late'),
  'en-XA': () => import('./pseudoLate'),
  'ar-XB': () => import('./pseudoLate'),
};

export const i18n = createInstance();

/** Loads the texts of one language. Await it before the page is rendered. */
export async function loadTexts(language = languageOfUser()): Promise<void> {
  const texts = await textsOf(language);
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
  addTexts(language, texts);
  if (hasLateTexts) {
    await loadLateTexts(language);
  }
  await i18n.changeLanguage(language);
}

let hasLateTexts = false;

/** Loads the texts of what is loaded late. From then on, a change of the language loads them too. */
export async function loadLateTexts(language = i18n.language): Promise<void> {
  hasLateTexts = true;
  const { default: texts } = await (LATE[language] ?? (() => import('./en/late')))();
  addTexts(language, texts);
}

function addTexts(language: string, texts: object): void {
  for (const [section, part] of Object.entries(texts)) {
    i18n.addResourceBundle(language, section, part);
  }
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
