/** The texts, in the language of the user. */
import { createInstance } from 'i18next';
import { initReactI18next } from 'react-i18next';

import { storedLanguage } from '../storage';
import { languageOfUser, textsOf } from './languages';

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
