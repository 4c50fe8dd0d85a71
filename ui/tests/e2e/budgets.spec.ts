/** Will it exceed what was planned: budgets and channels with the real platform. The demo budgets are there (dev/budgets.py). */
import { expect, type Page, test } from '@playwright/test';

import { alice, API_URL, bob, open } from './platform';

const table = (page: Page) => page.getByRole('grid', { name: 'Budgets' });
const rowOf = (page: Page, name: string) => table(page).getByRole('row').filter({ hasText: name });

/** A name that no other run has. */
const newName = () => `journey ${crypto.randomUUID().slice(0, 8)}`;

async function createBudget(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: 'New budget' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('combobox', { name: 'What it is for' }).selectOption('project');
  await page.getByRole('combobox', { name: 'Project', exact: true }).selectOption('acme-web');
  await page.getByRole('textbox', { name: 'Amount in EUR' }).fill('12.50');
  await page.getByRole('button', { name: 'Create the budget' }).click();
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
}

async function deleteBudget(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Budgets' })).toBeVisible();
}

test('alice sees when a new budget would have warned, creates, changes and deletes it', async ({ page }) => {
  const name = newName();
  await open(page, alice, 'budgets/new?project=acme-web');
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('textbox', { name: 'Amount in EUR' }).fill('12.50');
  const replayed = page.waitForResponse((response) => response.url().endsWith('/budgets/preview') && response.ok());
  await page.getByRole('button', { name: 'Show it' }).click();
  const { data } = (await (await replayed).json()) as { data: { periods: unknown[]; summary: { fired: number }[] } };
  expect(data.periods.length).toBeGreaterThan(0);
  expect(data.summary[0]?.fired).toBeGreaterThan(0);
  await expect(page.getByText(/^80% spent: would have warned on /)).toBeVisible();
  await page.getByRole('button', { name: 'Create the budget' }).click();
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
  await expect(page.getByText(/^Created by /)).toBeVisible();
  await page.screenshot({ path: 'screenshots/e2e-budget.png', fullPage: true });

  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await page.getByRole('textbox', { name: 'Amount in EUR' }).fill('13.75');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('€13.75 per month')).toBeVisible();
  await expect(page.getByText('Amount: €12.50 → €13.75')).toBeVisible();

  await page.getByRole('link', { name: 'Budgets' }).last().click();
  await expect(rowOf(page, name)).toContainText('Project acme-web');
  await page.getByRole('link', { name }).click();
  await deleteBudget(page);
  await expect(page.getByRole('button', { name: 'Show all budgets' })).toBeVisible();
  await expect(page.getByRole('link', { name })).toHaveCount(0);
});

test('a budget that is made or deleted in one tab comes and goes in the other; bob reads it and may not change it', async ({
  page,
  context,
  browser,
}) => {
  const name = newName();
  await open(page, alice, 'budgets');
  const second = await context.newPage();
  await second.goto('/billing/budgets?organization=acme');
  await expect(table(second)).toBeVisible(); // the session at the provider is the same: no second login
  await createBudget(page, name);
  await expect(rowOf(second, name)).toBeVisible();

  const others = await (await browser.newContext({ locale: 'en-GB' })).newPage();
  await open(others, bob, 'budgets');
  await expect(others.getByRole('link', { name: 'New budget' })).toHaveCount(0);
  await others.getByRole('link', { name }).click();
  await expect(others.getByText(/^You can read this budget/)).toBeVisible();
  await expect(others.getByRole('button', { name: 'Delete' })).toHaveCount(0);
  await others.goto('/billing/budgets/channels?organization=acme');
  await expect(
    others.getByRole('heading', { name: 'Only administrators of the organization have access to this' }),
  ).toBeVisible();

  await deleteBudget(page);
  await expect(rowOf(second, name)).toHaveCount(0);
});

test('alice sends a test to a channel, and it is delivered', async ({ page }) => {
  await open(page, alice, 'budgets/channels');
  const sent = page.waitForResponse(
    (response) => response.url().startsWith(API_URL) && response.url().endsWith('/test'),
  );
  await page
    .getByRole('button', { name: /^Send a test to / })
    .first()
    .click();
  expect((await sent).status()).toBe(202);
  await expect(page.getByText('The test was delivered.')).toBeVisible();
  await page.screenshot({ path: 'screenshots/e2e-channels.png', fullPage: true });
  await page.getByRole('link', { name: 'Failed deliveries' }).click();
  await expect(page.getByRole('heading', { name: 'Everything was delivered' })).toBeVisible();
});
