/** The first visit on a slow network, with the real login: the browser's cache works as it does for a user. */
import { type Browser, expect, test } from '@playwright/test';

import { observeShifts, shiftOf } from '../shifts';
import { alice } from './platform';

/** 1.6 Mbit/s, and 300 ms for a round trip. */
const SLOW = { offline: false, latency: 300, downloadThroughput: 200_000, uploadThroughput: 94_000 };
const GOAL = { login: 3000, figures: 2500, shift: 0.02 };
const MOST_VISITS = 3;

interface Visit {
  /** Milliseconds from the address to the login form. */
  login: number;
  /** Milliseconds from the sign-in to the figures. */
  figures: number;
  shift: number;
}

async function firstVisit(browser: Browser): Promise<Visit> {
  const page = await browser.newPage();
  await observeShifts(page);
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
  await page.waitForTimeout(2000); // the chart
  const shift = await shiftOf(page);
  await page.close();
  return { login, figures, shift };
}

test('on a slow network the login form and the figures come fast, and nothing moves', async ({ browser }) => {
  const best: Visit = { login: Infinity, figures: Infinity, shift: 0 };
  const isReached = () => best.login <= GOAL.login && best.figures <= GOAL.figures;
  // Other processes only increase a measurement, so the best of three is the best estimate.
  for (let visit = 0; visit < MOST_VISITS && !isReached(); visit++) {
    const { login, figures, shift } = await firstVisit(browser);
    best.login = Math.min(best.login, login);
    best.figures = Math.min(best.figures, figures);
    best.shift = Math.max(best.shift, shift);
  }
  // eslint-disable-next-line no-console -- the measurement is the purpose
  console.log(
    `slow network: login form after ${best.login} ms of ${GOAL.login}, figures after ${best.figures} ms of ` +
      `${GOAL.figures}, layout shift ${best.shift.toFixed(4)} of ${GOAL.shift}`,
  );
  expect(best.login).toBeLessThanOrEqual(GOAL.login);
  expect(best.figures).toBeLessThanOrEqual(GOAL.figures);
  expect(best.shift).toBeLessThanOrEqual(GOAL.shift);
});
