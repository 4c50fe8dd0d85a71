import { User, UserManager } from 'oidc-client-ts';
import { afterEach, expect, test, vi } from 'vitest';

import { openSession } from './login';

const configuration = {
  backendURL: 'https://backend.example',
  frontendURL: 'https://console.example',
  keycloakURL: 'https://login.example',
};
const REALM = 'https://login.example/realms/acme';
const discovery = { issuer: REALM, authorization_endpoint: `${REALM}/auth`, token_endpoint: `${REALM}/token` };

afterEach(() => {
  sessionStorage.clear();
  window.history.replaceState(null, '', '/');
});

const userWith = (userState: unknown) =>
  new User({
    access_token: 'a',
    token_type: 'Bearer',
    profile: { sub: 'alice', iss: REALM, aud: 'kube-dc-console', exp: 0, iat: 0 },
    userState,
  });

function provider(answer: () => Promise<Response>) {
  const fetchMock = vi.fn<typeof fetch>(answer);
  vi.stubGlobal('fetch', fetchMock);
  return fetchMock;
}
const sendsDiscovery = () =>
  Promise.resolve(new Response(JSON.stringify(discovery), { headers: { 'Content-Type': 'application/json' } }));

test('without a response of the provider the user is sent to it', async () => {
  provider(sendsDiscovery);
  const redirect = vi.spyOn(UserManager.prototype, 'signinRedirect').mockResolvedValue();
  window.history.replaceState(null, '', '/billing/?organization=acme');
  expect(await openSession(configuration, 'acme').login).toEqual({ user: null, error: null });
  expect(redirect).toHaveBeenCalledWith({ state: { view: '/billing/?organization=acme' } });
});

test('after the login the endpoints of the provider are not read again', async () => {
  const fetchMock = provider(sendsDiscovery);
  vi.spyOn(UserManager.prototype, 'signinRedirect').mockResolvedValue();
  await openSession(configuration, 'acme').login;
  vi.spyOn(UserManager.prototype, 'signinRedirectCallback').mockResolvedValue(userWith(undefined));
  window.history.replaceState(null, '', '/?code=c&state=s');
  const { manager, login } = openSession(configuration, 'acme');
  await login;
  expect(await manager.metadataService.getTokenEndpoint()).toBe(`${REALM}/token`);
  expect(fetchMock).toHaveBeenCalledTimes(1);
});

test.each(['code=c&state=s', 'error=access_denied&state=s'])('%s leaves the address when it is read', async (query) => {
  const user = userWith({ view: '/billing/plan?organization=acme' });
  vi.spyOn(UserManager.prototype, 'signinRedirectCallback').mockResolvedValue(user);
  window.history.replaceState(null, '', `/billing/?${query}`);
  expect(await openSession(configuration, 'acme').login).toEqual({ user, error: null });
  expect(window.location.pathname + window.location.search).toBe('/billing/plan?organization=acme');
});

test('a provider that cannot be reached, and one that rejects, is an error of the login', async () => {
  provider(() => Promise.reject(new TypeError('Failed to fetch')));
  expect((await openSession(configuration, 'acme').login).error?.message).toBe('Failed to fetch');
  vi.spyOn(UserManager.prototype, 'signinRedirectCallback').mockRejectedValue(new Error('access_denied'));
  window.history.replaceState(null, '', '/billing/?error=access_denied&state=s');
  expect((await openSession(configuration, 'acme').login).error?.message).toBe('access_denied');
});
