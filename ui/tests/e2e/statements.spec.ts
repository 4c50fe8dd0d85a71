/** What did each month cost: statements with the real platform. */
import { type Download, expect, type Page, test } from '@playwright/test';

import { alice, API_URL, bob, open } from './platform';

interface Statement {
  usage_total: number;
  invoiced?: { total: number };
  projects: { namespace: string; total: number }[];
}

const euros = (amount: number) => amount.toLocaleString('en-GB', { style: 'currency', currency: 'EUR' });

/** The first of the previous month. */
function lastMonth(): Date {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1));
}
const PERIOD = lastMonth().toISOString().slice(0, 7);
const TITLE = lastMonth().toLocaleDateString('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });

async function statementOf(page: Page, act: () => Promise<unknown>): Promise<Statement> {
  const answer = page.waitForResponse(
    (response) => response.url() === `${API_URL}/api/billing/organization/statement?period=${PERIOD}` && response.ok(),
  );
  await act();
  return ((await (await answer).json()) as { data: Statement }).data;
}

async function contentOf(download: Promise<Download>): Promise<{ name: string; text: string }> {
  const file = await download;
  let text = '';
  for await (const part of await file.createReadStream()) {
    text += String(part);
  }
  return { name: file.suggestedFilename(), text };
}

test('alice finds last month with its state, opens it, and the file has the same total', async ({ page }) => {
  await open(page, alice, 'statements');
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: TITLE }) });
  await expect(row).toContainText(/Provisional|Final/);
  const listed = await row.innerText();
  await expect(page.getByRole('row').filter({ hasText: 'Running' })).toHaveCount(1);
  await page.screenshot({ path: 'screenshots/e2e-statements.png', fullPage: true });

  const statement = await statementOf(page, () => page.getByRole('link', { name: TITLE }).click());
  expect(listed).toContain(euros(statement.usage_total));
  await expect(page).toHaveURL(new RegExp(`/billing/statements/${PERIOD}\\?`));
  const usage = page.getByRole('grid', { name: 'Usage by project' });
  await expect(usage.getByRole('row', { name: /^Total/ })).toContainText(euros(statement.usage_total));
  await expect(page.getByRole('row', { name: /^Invoiced amount/ })).toContainText(
    euros(statement.invoiced?.total ?? Number.NaN),
  );
  for (const { namespace, total } of statement.projects) {
    await expect(usage.getByRole('row').filter({ hasText: namespace })).toContainText(euros(total));
  }

  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download as CSV' }).click();
  const { name, text } = await contentOf(saved);
  expect(name).toContain(PERIOD);
  expect(text).toContain(statement.usage_total.toFixed(2));
  for (const { namespace } of statement.projects) {
    expect(text).toContain(namespace);
  }
});

test('bob, a project-user, sees his projects and nothing of the invoice', async ({ page }) => {
  const statement = await statementOf(page, () => open(page, bob, `statements/${PERIOD}`));
  expect(statement.projects.map(({ namespace }) => namespace).sort()).toEqual(['acme-data', 'acme-web']);
  expect(statement.invoiced).toBeUndefined();
  await expect(page.getByText(/An administrator of the organization sees it/)).toBeVisible();
  await expect(page.getByRole('grid', { name: 'What is invoiced' })).toHaveCount(0);
});
