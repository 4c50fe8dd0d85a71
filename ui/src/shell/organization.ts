/** The organization is the realm of the login. It is part of the address, so that a shared link leads to its login. */
const PARAMETER = 'organization';
/** The address of the provider's response does not contain it. A name is not secret. Tokens are never stored here. */
const STORAGE_KEY = 'billing.organization';

/** RFC 1123 label, the required form of a realm name. */
export const ORGANIZATION_PATTERN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function getOrganization(location: Location): string | null {
  const params = new URLSearchParams(location.search);
  const name = params.get(PARAMETER) ?? (params.has('state') ? sessionStorage.getItem(STORAGE_KEY) : null);
  return name !== null && ORGANIZATION_PATTERN.test(name) ? name : null;
}

/** Stores the organization until the provider's response arrives. */
export function rememberOrganization(name: string): void {
  sessionStorage.setItem(STORAGE_KEY, name);
}

export function goToOrganization(name: string): void {
  window.location.assign(`?${new URLSearchParams({ [PARAMETER]: name }).toString()}`);
}
