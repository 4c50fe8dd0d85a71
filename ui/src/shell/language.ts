import { i18n, loadTexts } from '../app/ManageOrganization/Billing/i18n';
import { storeLanguage } from '../app/ManageOrganization/Billing/storage';

/** Loads the texts of the user's language, and sets `lang` and `dir` of the document. */
export async function startLanguage(language?: string): Promise<void> {
  await loadTexts(language);
  document.documentElement.lang = i18n.language;
  document.documentElement.dir = i18n.dir();
}

export async function chooseLanguage(language: string): Promise<void> {
  storeLanguage(language);
  await startLanguage(language);
}
