/** The values of env.js, as in the platform's console. */
declare global {
  interface Window {
    backendURL?: unknown;
    frontendURL?: unknown;
    keycloakURL?: unknown;
  }
}

/** Path of the page: `/billing/`. */
export const PAGE_PATH = import.meta.env.BASE_URL;

const NAMES = ['backendURL', 'frontendURL', 'keycloakURL'] as const;
type Name = (typeof NAMES)[number];
export type Configuration = Record<Name, string>;

/** The configuration, or the names of the missing or invalid addresses. */
export function configurationOf(source: Partial<Record<Name, unknown>>): Configuration | Name[] {
  const wrong = NAMES.filter((name) => !isHttpUrl(source[name]));
  if (wrong.length > 0) {
    return wrong;
  }
  const url = (name: Name) => String(source[name]).replace(/\/+$/, '');
  return { backendURL: url('backendURL'), frontendURL: url('frontendURL'), keycloakURL: url('keycloakURL') };
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}
