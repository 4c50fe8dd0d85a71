/** A session at the real provider: renewed, revoked, ended. */
import { expect, type Page, test } from '@playwright/test';

import { alice, logIn, open } from './platform';

interface Tokens {
  refresh_token: string;
}

const isTokenAnswer = (response: { url: () => string }) => response.url().endsWith('/protocol/openid-connect/token');

/** Makes the access token expired for the page. Other timers do not change. */
const expire = (page: Page) => page.clock.setSystemTime(Date.now() + 10 * 60_000);

test('an expired token is renewed silently, by the rotating refresh token', async ({ page }) => {
  const first = page.waitForResponse(isTokenAnswer);
  await open(page, alice, 'projects');
  const before = (await (await first).json()) as Tokens;
  await expire(page);
  const second = page.waitForResponse(isTokenAnswer);
  await page.getByRole('link', { name: 'acme-web' }).click();
  const renewal = await second;
  expect(renewal.request().postData()).toContain('grant_type=refresh_token');
  expect(((await renewal.json()) as Tokens).refresh_token).not.toBe(before.refresh_token);
  await expect(page.getByRole('heading', { name: 'Cost breakdown' })).toBeVisible();
});

test('a session that is over leads to the login page, and from there back to the same view', async ({
  page,
  request,
}) => {
  const first = page.waitForResponse(isTokenAnswer);
  await open(page, alice, 'projects?search=web');
  const answer = await first;
  const { refresh_token: refreshToken } = (await answer.json()) as Tokens;
  // A refresh token that is used twice may be stolen: the provider revokes all tokens of the session.
  const form = { grant_type: 'refresh_token', client_id: 'kube-dc-console', refresh_token: refreshToken };
  expect((await request.post(answer.url(), { form })).ok()).toBe(true);
  expect((await request.post(answer.url(), { form })).status()).toBe(400);
  await page.context().clearCookies();
  await expire(page);
  await page.getByRole('link', { name: 'acme-web' }).click();
  await logIn(page, alice);
  await expect(page).toHaveURL(/\/billing\/projects\/acme-web\?search=web&organization=acme$/);
  await expect(page.getByRole('heading', { name: 'Cost breakdown' })).toBeVisible();
});

test('a reload uses the session at the provider, and keeps the view', async ({ page }) => {
  await open(page, alice, 'projects?sort=namespace');
  await page.getByRole('link', { name: 'acme-ci' }).waitFor();
  await page.reload();
  await expect(page.getByRole('link', { name: 'acme-ci' })).toBeVisible();
  await expect(page).toHaveURL(/\?sort=namespace&organization=acme$/);
});

test('logging out ends the session at the provider too', async ({ page }) => {
  await open(page, alice, 'projects');
  await page.getByRole('button', { name: 'Account of alice, acme' }).click();
  await page.getByRole('menuitem', { name: /Log out/ }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Choose an organization' })).toBeVisible();
  await page.getByLabel('Organization name').fill('acme');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByLabel('Password')).toBeVisible();
});

test('after a logout in one tab, the other one needs a login as soon as its token expires', async ({
  page,
  context,
}) => {
  await open(page, alice, 'projects');
  const second = await context.newPage();
  await second.goto('/billing/projects?organization=acme');
  await second.getByRole('link', { name: 'acme-web' }).waitFor();
  await page.getByRole('button', { name: 'Account of alice, acme' }).click();
  await page.getByRole('menuitem', { name: /Log out/ }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Choose an organization' })).toBeVisible();
  await expire(second);
  await second.getByRole('link', { name: 'acme-web' }).click();
  await logIn(second, alice);
  await expect(second).toHaveURL(/\/billing\/projects\/acme-web\?organization=acme$/);
});

for (const minutes of [-10, 10]) {
  test(`a browser clock that is wrong by ${minutes} minutes changes neither the login nor an age`, async ({ page }) => {
    await page.clock.setSystemTime(Date.now() + minutes * 60_000);
    await open(page, alice);
    await expect(page.getByText(/^Usage up to .*, loaded just now/)).toBeVisible();
    await expect(page.getByText(/minutes old|Usage is more than/)).toHaveCount(0);
    await page.getByRole('navigation').getByRole('link', { name: 'Projects' }).click();
    await expect(page.getByRole('link', { name: 'acme-web' })).toBeVisible();
  });
}

test('an organization that is typed with capitals and spaces is found', async ({ page }) => {
  await page.goto('/billing/');
  await page.getByLabel('Organization name').fill('  Acme ');
  await page.getByRole('button', { name: 'Continue' }).click();
  await logIn(page, alice);
  await expect(page).toHaveURL(/\/billing\/\?organization=acme$/);
  await expect(page.getByText('This month so far')).toBeVisible();
});

test('an organization that does not exist has an error page', async ({ page }) => {
  await page.goto('/billing/?organization=nobody');
  await expect(page.getByRole('heading', { name: 'Login failed' })).toBeVisible();
});
