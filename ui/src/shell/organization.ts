/** The organization is the realm of the login. It is part of the address, so that a shared link leads to its login. */
const PARAMETER = 'organization';
/** The address of the provider's response does not contain it. A name is not secret. Tokens are never stored here. */
const STORAGE_KEY = 'billing.organization';

/** RFC 1123 label, the required form of a realm name. */
const ORGANIZATION_PATTERN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function getOrganization(location: Location): string | null {
  const params = new URLSearchParams(location.search);
  return normalizedOrganization(params.get(PARAMETER) ?? (params.has('state') ? remembered() : '') ?? '');
}

/** "acme" of " Acme ". Null if it cannot be the name of an organization. */
export function normalizedOrganization(text: string): string | null {
  const name = text.trim().toLowerCase();
  return ORGANIZATION_PATTERN.test(name) ? name : null;
}

function remembered(): string | null {
  return isSessionStorageAllowed() ? sessionStorage.getItem(STORAGE_KEY) : null;
}

/** False if the browser blocks the data of this site. */
export function isSessionStorageAllowed(): boolean {
  try {
    sessionStorage.setItem('billing.test', '');
    sessionStorage.removeItem('billing.test');
    return true;
  } catch {
    return false;
  }
}

/** Stores the organization until the provider's response arrives. */
export function rememberOrganization(name: string): void {
  sessionStorage.setItem(STORAGE_KEY, name);
}

export function goToOrganization(name: string): void {
  window.location.assign(`?${new URLSearchParams({ [PARAMETER]: name }).toString()}`);
}
