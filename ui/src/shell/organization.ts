/** The organization is the realm to log in at; it stands in the address, so that a shared link leads to its login. */
const PARAMETER = 'organization';
/** The provider's answer comes to an address without it. A name is no secret; tokens never come here. */
const STORAGE_KEY = 'billing.organization';

/** RFC 1123 label, as a realm name must be. */
export const ORGANIZATION_PATTERN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function getOrganization(location: Location): string | null {
  const params = new URLSearchParams(location.search);
  const name = params.get(PARAMETER) ?? (params.has('state') ? sessionStorage.getItem(STORAGE_KEY) : null);
  return name !== null && ORGANIZATION_PATTERN.test(name) ? name : null;
}

/** Remembers the organization until the provider's answer is here. */
export function rememberOrganization(name: string): void {
  sessionStorage.setItem(STORAGE_KEY, name);
}

export function goToOrganization(name: string): void {
  window.location.assign(`?${new URLSearchParams({ [PARAMETER]: name }).toString()}`);
}
