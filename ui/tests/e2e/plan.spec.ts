/** Does the plan fit, and what would something cost: with the real platform. The demo organizations pay by usage. */
import { expect, type Page, test } from '@playwright/test';

import { alice, bob, open } from './platform';

const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata: {name: journey}
spec:
  replicas: 2
  selector: {matchLabels: {app: journey}}
  template:
    metadata: {labels: {app: journey}}
    spec:
      containers:
        - name: web
          image: web
          resources: {requests: {cpu: 500m, memory: 1Gi}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: journey}
`;

async function quoted(page: Page): Promise<number> {
  const response = page.waitForResponse(
    (found) => found.url().endsWith('/api/billing/quote') && found.request().method() === 'POST' && found.ok(),
  );
  await page.getByRole('button', { name: 'Show the cost' }).click();
  const { data } = (await (await response).json()) as { data: { total: { per_month: number } } };
  return data.total.per_month;
}

const perMonth = (amount: number) =>
  `${amount.toLocaleString('en-GB', { style: 'currency', currency: 'EUR' })} per month`;

test('alice sees what each project requests, and what a machine and a manifest would cost', async ({ page }) => {
  await open(page, alice, 'plan');
  await expect(page.getByText('The organization has no plan')).toBeVisible();
  await expect(
    page.getByRole('grid', { name: 'By project' }).getByRole('row').filter({ hasText: 'acme-web' }),
  ).toBeVisible();
  await page.getByRole('textbox', { name: 'CPU' }).fill('4');
  await page.getByRole('textbox', { name: 'Memory' }).fill('8Gi');
  const machine = await quoted(page);
  expect(machine).toBeGreaterThan(0);
  await expect(page.getByRole('heading', { name: perMonth(machine) })).toBeVisible();
  await page.screenshot({ path: 'screenshots/e2e-plan.png', fullPage: true });

  await page.getByRole('tab', { name: 'Paste manifests' }).click();
  await page.getByRole('textbox', { name: /^Kubernetes manifests/ }).fill(MANIFEST);
  const deployment = await quoted(page);
  expect(deployment).toBeGreaterThan(0);
  await expect(page.getByRole('heading', { name: perMonth(deployment) })).toBeVisible();
  await expect(page.getByText(/Not in the quote: ConfigMap journey\./)).toBeVisible();
});

test('a mistake in an entry is at its field', async ({ page }) => {
  await open(page, bob, 'plan');
  await page.getByRole('textbox', { name: 'CPU' }).fill('four');
  await page.getByRole('textbox', { name: 'Memory' }).fill('8Gi');
  await page.getByRole('button', { name: 'Show the cost' }).click();
  await expect(page.getByText('There is no result')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'CPU' })).toHaveAttribute('aria-invalid', 'true');
});
