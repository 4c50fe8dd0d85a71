/** The last journey: the worker evaluates a new budget within a minute, and the demo budgets are made before the first one. */
import { expect, test } from '@playwright/test';

import { alice, open } from './platform';

test('a budget that is exceeded has fired, and its history has when and at which amount', async ({ page }) => {
  await open(page, alice, 'budgets');
  const row = page
    .getByRole('grid', { name: 'Budgets' })
    .getByRole('row')
    .filter({ hasText: 'Demo: one euro a month' });
  await expect(row).toContainText('Fired 100% spent since', { timeout: 75_000 });
  await expect(row).toContainText('It is exceeded');
  await page.getByRole('link', { name: 'Demo: one euro a month' }).click();
  const history = page.getByRole('grid', { name: 'History' });
  await expect(history).toContainText('100% spent: fired');
  await expect(history).toContainText(/spent €[\d,.]+ of €1\.00/);
});
