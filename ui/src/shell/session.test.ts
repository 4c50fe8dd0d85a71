import { ErrorResponse, type User, type UserManager } from 'oidc-client-ts';
import { expect, test, vi } from 'vitest';

import { configurationOf } from './configuration';
import { getOrganization } from './organization';
import { makeSession, makeUserManager, viewOfState } from './session';

const configuration = {
  backendURL: 'https://backend.example',
  frontendURL: 'https://console.example',
  keycloakURL: 'https://login.example',
};

/** The part of a UserManager that a session uses. */
function managerWith(user: Partial<User> | null) {
  return {
    getUser: vi.fn(() => Promise.resolve(user)),
    signinSilent: vi.fn<() => Promise<Partial<User> | null>>(),
    signinRedirect: vi.fn(() => Promise.resolve()),
  };
}
const sessionOf = (manager: object) => makeSession(manager as UserManager, 'acme');

test('two calls that need a new token share one renewal, since a refresh token is good for one use', async () => {
  const manager = managerWith({ refresh_token: 'once' });
  manager.signinSilent.mockResolvedValue({ access_token: 'second' });
  const session = sessionOf(manager);
  expect(await Promise.all([session.renewAccessToken(), session.renewAccessToken()])).toEqual(['second', 'second']);
  expect(manager.signinSilent).toHaveBeenCalledTimes(1);
  await session.renewAccessToken();
  expect(manager.signinSilent).toHaveBeenCalledTimes(2);
});

test('a rejection by the provider ends the session, an unavailable provider does not', async () => {
  const manager = managerWith({ refresh_token: 'once' });
  const session = sessionOf(manager);
  manager.signinSilent.mockRejectedValue(new ErrorResponse({ error: 'invalid_grant' }));
  expect(await session.renewAccessToken()).toBeNull();
  manager.signinSilent.mockRejectedValue(new TypeError('Failed to fetch'));
  await expect(session.renewAccessToken()).rejects.toThrow('Failed to fetch');
});

test('without a refresh token there is nothing to renew with', async () => {
  const manager = managerWith({});
  expect(await sessionOf(manager).renewAccessToken()).toBeNull();
  expect(manager.signinSilent).not.toHaveBeenCalled();
});

test('an expired token is not sent', async () => {
  expect(await sessionOf(managerWith({ access_token: 'a', expired: true })).getAccessToken()).toBeNull();
  expect(await sessionOf(managerWith({ access_token: 'a', expired: false })).getAccessToken()).toBe('a');
  expect(await sessionOf(managerWith(null)).getAccessToken()).toBeNull();
});

test('a session that was only just opened does not log in again by itself', () => {
  vi.useFakeTimers();
  const manager = managerWith(null);
  const session = sessionOf(manager);
  session.signIn('automatic');
  expect(manager.signinRedirect).not.toHaveBeenCalled();
  session.signIn('asked');
  vi.advanceTimersByTime(61_000);
  session.signIn('automatic');
  expect(manager.signinRedirect).toHaveBeenCalledTimes(2);
  vi.useRealTimers();
});

test('tokens are kept in memory: what is stored for a user never reaches the browser’s storage', async () => {
  const manager = makeUserManager(configuration, 'acme');
  expect(manager.settings.authority).toBe('https://login.example/realms/acme');
  await manager.settings.userStore.set('user', 'secret');
  expect(await manager.settings.userStore.get('user')).toBe('secret');
  expect([window.localStorage, window.sessionStorage].flatMap(Object.values).join(' ')).not.toContain('secret');
});

test.each([
  [{ view: '/billing/?search=a' }, '/billing/?search=a'],
  [{ view: 'https://evil.example/' }, null],
  [{ view: '//evil.example/billing/' }, null],
  [{ view: 1 }, null],
  [undefined, null],
])('after the login %j leads to %s', (state, view) => {
  // Only a view of this page is a valid return address.
  expect(viewOfState(state)).toBe(view);
});

test.each([
  ['?organization=acme', 'acme'],
  ['?organization=Acme', 'acme'],
  ['?organization=%20acme%20', 'acme'],
  ['?organization=no+such', null],
  ['?organization=acme/../master', null],
  [`?organization=${'a'.repeat(64)}`, null],
  ['', null],
  ['?code=c&state=s', 'remembered'],
])('the organization of %s is %s', (search, organization) => {
  // Only a valid realm name becomes a part of an address.
  window.sessionStorage.setItem('billing.organization', 'remembered');
  expect(getOrganization({ search } as Location)).toBe(organization);
});

test('a configuration that is missing or no address names what is wrong', () => {
  expect(configurationOf(configuration)).toEqual(configuration);
  expect(configurationOf({ ...configuration, backendURL: 'https://backend.example/' })).toEqual(configuration);
  expect(configurationOf({ frontendURL: 'javascript:alert(1)', keycloakURL: 'https://login.example' })).toEqual([
    'backendURL',
    'frontendURL',
  ]);
});
