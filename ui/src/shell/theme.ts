/** Light or dark: the user's choice, otherwise the setting of the system. */
import { useEffect, useState } from 'react';

import { readChoice, storeChoice } from '../app/ManageOrganization/Billing/storage';

export type Theme = 'light' | 'dark';

const STORAGE_KEY = 'billing.theme';
const DARK_CLASS = 'pf-v6-theme-dark';

export function useTheme(): { theme: Theme; toggle: () => void } {
  const [theme, setTheme] = useState(initialTheme);
  useEffect(() => {
    applyTheme(theme);
  }, [theme]);
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    storeChoice(STORAGE_KEY, next);
    setTheme(next);
  };
  return { theme, toggle };
}

export function initialTheme(): Theme {
  const chosen = readChoice(STORAGE_KEY);
  if (chosen === 'light' || chosen === 'dark') {
    return chosen;
  }
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Also before the first paint, so that the other theme is never visible. */
export function applyTheme(theme: Theme): void {
  document.documentElement.classList.toggle(DARK_CLASS, theme === 'dark');
}
