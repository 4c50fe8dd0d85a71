import type { Page } from '@playwright/test';

export const API = 'http://127.0.0.1:8080';
const PROVIDER = 'http://127.0.0.1:8081';

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An OpenID provider without a login form. The test chooses what it rejects. tests/e2e has the real provider. */
export async function routeProvider(page: Page, { refuses = false } = {}): Promise<void> {
  const issuer = `${PROVIDER}/realms/acme`;
  await page.route(`${issuer}/.well-known/openid-configuration`, (route) =>
    route.fulfill({
      headers: { 'Access-Control-Allow-Origin': '*' },
      ...(refuses
        ? { status: 404, json: { error: 'Realm does not exist' } }
        : {
            json: {
              issuer,
              authorization_endpoint: `${issuer}/auth`,
              token_endpoint: `${issuer}/token`,
              jwks_uri: `${issuer}/certs`,
            },
          }),
    }),
  );
  await page.route(`${issuer}/auth?*`, (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const back = new URL(asked.get('redirect_uri') ?? '');
    back.search = new URLSearchParams({ code: 'code', state: asked.get('state') ?? '' }).toString();
    return route.fulfill({ status: 302, headers: { Location: back.href } });
  });
  await page.route(`${issuer}/token`, (route) => {
    const expires = Math.floor(Date.now() / 1000) + 300;
    const claims = { iss: issuer, sub: 'alice', aud: 'kube-dc-console', iat: expires - 300, exp: expires };
    return route.fulfill({
      headers: { 'Access-Control-Allow-Origin': '*' },
      json: {
        access_token: 'access',
        token_type: 'Bearer',
        expires_in: 300,
        id_token: `${base64url({ alg: 'RS256' })}.${base64url({ ...claims, preferred_username: 'alice' })}.c2ln`,
      },
    });
  });
}
