/** The view of each demo user, with the real login, ingress, functions and billing service. */
import { expect, test } from '@playwright/test';

import { alice, API_URL, bob, carol, dave, erin, open, type Person } from './platform';

const LISTS: [Person, string[]][] = [
  [alice, ['acme-ci', 'acme-data', 'acme-mail', 'acme-ml', 'acme-staging', 'acme-web']],
  [bob, ['acme-data', 'acme-web']],
  [dave, ['globex-shop']],
  [erin, ['acme-prod-web']],
];

for (const [person, namespaces] of LISTS) {
  test(`${person.name} sees the projects of ${person.organization} that are theirs`, async ({ page }) => {
    const answer = page.waitForResponse(
      (response) => response.url().startsWith(`${API_URL}/api/billing/projects`) && response.ok(),
    );
    await open(page, person, 'projects?sort=namespace');
    const { data } = (await (await answer).json()) as {
      data: { projects: { namespace: string }[]; totals: { current_month_total: number; currency: string }[] };
    };
    const listed = data.projects.map(({ namespace }) => namespace).sort();
    expect(listed).toEqual(expect.arrayContaining(namespaces));
    await expect(page.getByRole('row').getByRole('link')).toHaveText(listed);
    for (const { current_month_total: amount, currency } of data.totals) {
      const total = amount.toLocaleString('en', { style: 'currency', currency });
      const own = new RegExp(`^(All projects|Your( \\d+)? projects?), ${currency}`);
      await expect(page.getByRole('row', { name: own })).toContainText(total);
    }
  });
}

test('a click opens the project, and its parts and total are those of the API', async ({ page }) => {
  await open(page, bob, 'projects');
  const answer = page.waitForResponse(
    (response) => response.url().endsWith('/api/billing/project/acme-web/overview') && response.ok(),
  );
  await page.getByRole('link', { name: 'acme-web' }).click();
  const { data } = (await (await answer).json()) as { data: { billing_summary: { current_month_total: number } } };
  const total = data.billing_summary.current_month_total.toLocaleString('en', { style: 'currency', currency: 'EUR' });
  await expect(page.getByRole('row', { name: /^Total/ })).toContainText(total);
  await expect(page.getByRole('img', { name: /Cost breakdown as a ring/ })).toBeVisible();
  await expect(page).toHaveURL(/\/billing\/projects\/acme-web\?/);
});

for (const [person, foreign] of [
  [bob, 'acme-ci'],
  [alice, 'acme-prod-web'],
  [alice, 'globex-shop'],
  [alice, 'no-such-project'],
] as const) {
  test(`${person.name} is refused ${foreign}, and led back to their own`, async ({ page }) => {
    await open(page, person, `projects/${foreign}`);
    await expect(page.getByRole('heading', { name: 'You have no access to this project' })).toBeVisible();
    await page.getByRole('link', { name: 'Go to the list of projects' }).click();
    await expect(page.getByRole('link', { name: 'acme-web' })).toBeVisible();
  });
}

test('carol, a guest, sees that she has no access, and the contact', async ({ page }) => {
  await open(page, carol);
  await expect(page.getByRole('heading', { name: 'You have no access to billing' })).toBeVisible();
  await expect(page.getByText('Ask an administrator of your organization')).toBeVisible();
});

test('carol, a guest, has no section with figures', async ({ page }) => {
  await open(page, carol);
  const noAccess = page.getByRole('heading', { name: 'You have no access to billing' });
  for (const section of ['Explore', 'Projects', 'Budgets', 'Plan', 'Statements']) {
    await page.getByRole('navigation').getByRole('link', { name: section, exact: true }).click();
    await expect(page.getByRole('heading', { level: 1, name: section })).toBeVisible();
    await expect(noAccess).toBeVisible();
  }
});

test('an address that does not exist has a page for it, and a way to the overview', async ({ page }) => {
  await open(page, alice, 'nothing/here');
  await expect(page.getByRole('heading', { name: 'This page does not exist' })).toBeVisible();
  await expect(page.getByText('There is nothing at /billing/nothing/here.')).toBeVisible();
  await page.getByRole('link', { name: 'Go to the overview' }).click();
  await expect(page.getByText('This month so far')).toBeVisible();
});

test('the page and the API are two origins, and one call fetches the complete list', async ({ page }) => {
  const calls: string[] = [];
  page.on('request', (request) => {
    if (request.url().startsWith(`${API_URL}/api/`) && request.method() === 'GET') {
      calls.push(request.url());
    }
  });
  await open(page, alice, 'projects');
  await expect(page.getByRole('link', { name: 'acme-web' })).toBeVisible();
  expect(new URL(page.url()).origin).not.toBe(new URL(API_URL).origin);
  expect(calls.filter((url) => url.includes('/projects'))).toEqual([`${API_URL}/api/billing/projects?limit=1000`]);
});

test('no token is in the address, the storage or a cookie of the page', async ({ page, context, baseURL }) => {
  const tokens = page.waitForResponse((response) => response.url().endsWith('/token') && response.ok());
  await open(page, alice, 'projects');
  const secrets = Object.values((await (await tokens).json()) as Record<string, unknown>)
    .filter((value) => typeof value === 'string')
    .filter((value) => value.length > 20);
  expect(secrets.length).toBeGreaterThanOrEqual(3);
  const kept = await page.evaluate(() =>
    [location.href, ...[localStorage, sessionStorage].flatMap((storage) => Object.values(storage) as string[])].join(
      ' ',
    ),
  );
  const cookies = JSON.stringify(await context.cookies(baseURL));
  for (const secret of secrets) {
    expect(kept + cookies).not.toContain(secret);
  }
});

test('the console is clean: no error, no violation of the content security policy', async ({ page }) => {
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(...(message.type() === 'error' ? [message.text()] : [])));
  page.on('pageerror', (error) => complaints.push(error.message));
  await open(page, alice, 'projects');
  await page.getByRole('link', { name: 'acme-web' }).click();
  await expect(page.getByRole('img', { name: /Cost breakdown as a ring/ })).toBeVisible();
  expect(complaints).toEqual([]);
});
