/** A real outage of the billing service: its process is stopped and continued. */
import { expect, test } from '@playwright/test';

import { dave, erin, open } from './platform';

const pid = Number(process.env.BILLING_PID);
/** CACHE_FRESH_SECONDS of the functions, plus a margin. */
const NO_LONGER_FRESH_MILLISECONDS = 11_000;

test.skip(!(pid > 0), 'BILLING_PID is not set: the billing service cannot be stopped from here');

test.afterEach(() => {
  process.kill(pid, 'SIGCONT');
});

test('figures known before are shown with their age', async ({ page }) => {
  await open(page, erin, 'projects');
  await expect(page.getByRole('link', { name: 'acme-prod-web' })).toBeVisible();
  process.kill(pid, 'SIGSTOP');
  await page.waitForTimeout(NO_LONGER_FRESH_MILLISECONDS);
  await page.reload();
  await expect(page.getByText(/These figures are \d+ (seconds?|minutes?) old/)).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole('link', { name: 'acme-prod-web' })).toBeVisible();
});

test('figures that are not cached are missing, and appear when the service is available again', async ({ page }) => {
  process.kill(pid, 'SIGSTOP');
  await open(page, dave, 'projects/globex-shop');
  const away = page.getByRole('heading', { name: 'The billing service is not available' });
  await expect(away, 'needs a platform without requests for globex-shop in the last 15 minutes').toBeVisible({
    timeout: 20_000,
  });
  await expect(page.getByText('The page retries automatically.')).toBeVisible();
  process.kill(pid, 'SIGCONT');
  await expect(page.getByRole('heading', { name: 'Cost breakdown' })).toBeVisible({ timeout: 40_000 });
});
