/** Light or dark: the user's choice, otherwise the setting of the system. */
import { readChoice, storeChoice } from '../app/ManageOrganization/Billing/storage';

export type Theme = 'light' | 'dark';

const STORAGE_KEY = 'billing.theme';
const DARK_CLASS = 'pf-v6-theme-dark';

export function initialTheme(): Theme {
  const chosen = readChoice(STORAGE_KEY);
  if (chosen === 'light' || chosen === 'dark') {
    return chosen;
  }
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function storeTheme(theme: Theme): void {
  storeChoice(STORAGE_KEY, theme);
}

/** Also before the first paint, so that the other theme is never visible. */
export function applyTheme(theme: Theme): void {
  document.documentElement.classList.toggle(DARK_CLASS, theme === 'dark');
}
