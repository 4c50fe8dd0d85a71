/** The first visit on a slow network, with the real login: the browser's cache works as it does for a user. */
import { expect, test } from '@playwright/test';

import { alice } from './platform';

/** 1.6 Mbit/s, and 300 ms for a round trip. */
const SLOW = { offline: false, latency: 300, downloadThroughput: 200_000, uploadThroughput: 94_000 };
const LOGIN_MILLISECONDS = 3000;
const FIGURES_MILLISECONDS = 2500;
const LAYOUT_SHIFT = 0.02;
/** The goals above are not reached yet (two shared cores: 5251 ms, 3088 ms, 0.052). The test fails if it becomes worse. */
const TODAY = { login: 9000, figures: 7000, shift: 0.1 };

test('on a slow network the login form and the figures come as fast as before', async ({ page }) => {
  await page.addInitScript(() => {
    const shifts: number[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) {
        shifts.push(entry.value);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', SLOW);
  const begin = Date.now();
  await page.goto(`/billing/?organization=${alice.organization}`, { waitUntil: 'commit' });
  await page.getByLabel('Username').fill(alice.name);
  const login = Date.now() - begin;
  await page.getByLabel('Password').fill(alice.name);
  const signIn = Date.now();
  await page.getByRole('button', { name: 'Sign in' }).click({ noWaitAfter: true });
  await expect(page.getByText('This month so far')).toBeVisible();
  const figures = Date.now() - signIn;
  await expect(page.getByRole('table', { name: 'Projects, the largest first' })).toBeVisible();
  await page.waitForTimeout(2000);
  const shift = await page.evaluate(() =>
    (window as unknown as { shifts: number[] }).shifts.reduce((sum, one) => sum + one, 0),
  );
  // eslint-disable-next-line no-console -- the measurement is the purpose
  console.log(
    `slow network: login form after ${login} ms of ${LOGIN_MILLISECONDS}, figures after ${figures} ms of ` +
      `${FIGURES_MILLISECONDS}, layout shift ${shift.toFixed(4)} of ${LAYOUT_SHIFT}`,
  );
  expect(login).toBeLessThan(TODAY.login);
  expect(figures).toBeLessThan(TODAY.figures);
  expect(shift).toBeLessThanOrEqual(TODAY.shift);
});
