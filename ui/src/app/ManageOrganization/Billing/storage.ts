/** The user's choices that outlive the session. Where the browser blocks storage, they last as long as the page. */
const memory = new Map<string, string>();

/* eslint-disable no-restricted-globals -- the only place that reads and writes it; no token is stored */
export function readChoice(key: string): string | null {
  try {
    return localStorage.getItem(key) ?? memory.get(key) ?? null;
  } catch {
    return memory.get(key) ?? null; // SecurityError: site data is blocked
  }
}

export function storeChoice(key: string, value: string): void {
  memory.set(key, value);
  try {
    localStorage.setItem(key, value);
  } catch {
    // SecurityError or QuotaExceededError: it is in memory
  }
}
/* eslint-enable no-restricted-globals */

const LANGUAGE = 'billing.language';

export function storedLanguage(): string | null {
  return readChoice(LANGUAGE);
}

export function storeLanguage(language: string): void {
  storeChoice(LANGUAGE, language);
}
