/** The questions of the overview, with the real platform. */
import { expect, test } from '@playwright/test';

import { alice, API_URL, bob, carol, open, type Person } from './platform';

for (const [person, name] of [
  [alice, 'All of acme'],
  [bob, 'Your 2 projects in acme'],
] as [Person, string][]) {
  test(`${person.name} sees the month, where it ends, and what changed`, async ({ page }) => {
    const forecast = page.waitForResponse(
      (response) => response.url().startsWith(`${API_URL}/api/billing/organization/forecast`) && response.ok(),
    );
    await open(page, person);
    const { data } = (await (await forecast).json()) as { data: { spent: number; total: { p50: number } } };
    const euro = (amount: number) => amount.toLocaleString('en-GB', { style: 'currency', currency: 'EUR' });
    await expect(page.getByText(euro(data.spent)).first()).toBeVisible();
    await expect(page.getByText(/^likely /)).toBeVisible();
    await expect(page.getByRole('combobox', { name: 'Scope' }).locator('option').first()).toHaveText(name);
    await page
      .getByRole('link', { name: /open in Explore$/ })
      .first()
      .click();
    await expect(page).toHaveURL(/\/billing\/explore\?.*project=acme-/);
    await page.goBack();
    await expect(page.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();
  });
}

test('a project and a period are in the address, and the history goes back through them', async ({ page }) => {
  await open(page, bob);
  await page.getByRole('combobox', { name: 'Scope' }).selectOption('acme-web');
  await page.getByRole('combobox', { name: 'Period' }).selectOption('30d');
  await expect(page).toHaveURL(/organization=acme&project=acme-web&period=30d$/);
  await expect(page.getByText('Cost, 30 days')).toBeVisible();
  await page.goBack();
  await page.goBack();
  await expect(page).toHaveURL(/\?organization=acme$/);
  await page.goForward();
  await page.goForward();
  await expect(page.getByText('Cost, 30 days')).toBeVisible();
  await page.reload();
  await expect(page.getByText('Cost, 30 days')).toBeVisible();
});

test('a guest has no bar and no figures', async ({ page }) => {
  await open(page, carol);
  await expect(page.getByRole('heading', { name: 'You have no access to billing' })).toBeVisible();
  await expect(page.getByRole('combobox', { name: 'Scope' })).toBeHidden();
});
