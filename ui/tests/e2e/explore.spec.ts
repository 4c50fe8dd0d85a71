/** Explore and Explain with the real platform: the questions what was spent before, how it compares, and why. */
import { expect, type Page, test } from '@playwright/test';

import { alice, API_URL, bob, carol, open } from './platform';

interface TrendAnswer {
  data: {
    total: number;
    groups: { name: string; amount: number }[];
    compare: { shown: { before: number; difference: number }[] };
  };
}

const euros = (amount: number) => amount.toLocaleString('en-GB', { style: 'currency', currency: 'EUR' });

async function trendOf(page: Page, act: () => Promise<unknown>): Promise<TrendAnswer['data']> {
  const answer = page.waitForResponse(
    (response) => response.url().includes('/trend?') && response.url().startsWith(API_URL) && response.ok(),
  );
  await act();
  return ((await (await answer).json()) as TrendAnswer).data;
}

const groups = (page: Page) => page.getByRole('region', { name: 'Groups of the period' });

test('alice, an org-admin, sees what each project cost and what it was before', async ({ page }) => {
  const trend = await trendOf(page, () => open(page, alice, 'explore?period=30d'));
  expect(trend.groups.length).toBeGreaterThan(1);
  for (const [index, { name, amount }] of trend.groups.entries()) {
    const row = groups(page).getByRole('row', { name: new RegExp(`^${name}\\b`) });
    await expect(row).toContainText(euros(amount));
    await expect(row).toContainText(euros(trend.compare.shown[index]?.before ?? Number.NaN));
  }
  await expect(page.getByRole('slider')).toBeVisible();
  await page.screenshot({ path: 'screenshots/e2e-explore.png', fullPage: true });
});

test('a chip removes a project from all figures, and the link keeps it', async ({ page }) => {
  const all = await trendOf(page, () => open(page, alice, 'explore?period=30d'));
  const gone = all.groups[0]?.name ?? '';
  const without = await trendOf(page, () => page.getByRole('button', { name: `Without ${gone}` }).click());
  expect(without.groups.map(({ name }) => name)).not.toContain(gone);
  expect(without.total).toBeLessThan(all.total);
  await expect(groups(page).getByRole('row', { name: /^Total/ })).toContainText(euros(without.total));
  await expect(page).toHaveURL(new RegExp(`exclude=project%3A${gone}`));
});

test('the file has the total that is shown', async ({ page }) => {
  const trend = await trendOf(page, () => open(page, alice, 'explore?period=30d&group_by=component'));
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export as CSV' }).click();
  const stream = await (await saved).createReadStream();
  let text = '';
  for await (const part of stream) {
    text += String(part);
  }
  const last = text.trim().split('\r\n').at(-1) ?? '';
  expect(last.startsWith('total,')).toBe(true);
  expect(last).toContain(`,${trend.total.toFixed(2)},`);
});

test('a figure of a project opens its rows with prices, and they add up to it', async ({ page }) => {
  const trend = await trendOf(page, () => open(page, bob, 'explore?project=acme-web'));
  const total = groups(page)
    .getByRole('row', { name: /^Total/ })
    .getByRole('button');
  await expect(total).toHaveText(euros(trend.total));
  const explained = page.waitForResponse((response) => response.url().includes('/explain?') && response.ok());
  await total.click();
  const { data } = (await (await explained).json()) as { data: { value: number; rows: { sku: string }[] } };
  expect(data.value).toBe(trend.total);
  const drawer = page.getByRole('dialog', { name: 'What this figure is made of' });
  await expect(drawer.getByRole('row', { name: /^The figure/ })).toContainText(euros(trend.total));
  await expect(drawer.getByText(/curl .*\/api\/billing\/project\/acme-web\/explain/)).toBeVisible();
  await page.screenshot({ path: 'screenshots/e2e-explain.png' });
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();
  await expect(total).toBeFocused();
});

test('bob, a project-user, sees the sum of his projects, and carol, a guest, no figure', async ({ page, browser }) => {
  const trend = await trendOf(page, () => open(page, bob, 'explore?period=30d'));
  expect(trend.groups.map(({ name }) => name).sort()).toEqual(['acme-data', 'acme-web']);
  await expect(page.getByRole('heading', { name: 'Cost by project, Your 2 projects in acme' })).toBeVisible();
  const other = await (await browser.newContext()).newPage();
  await open(other, carol, 'explore');
  await expect(other.getByRole('heading', { name: 'You have no access to billing' })).toBeVisible();
});
