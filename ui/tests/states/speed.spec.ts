/** The work of the main thread for one key press or one click, with 500 projects. */
import { expect, type Page, test } from '@playwright/test';

import { project, projectList } from '../fixtures';
import { forecast, history, trend } from '../overviewReplies';
import { data, routeApi } from './api';
import { routeProvider } from './provider';

const BUDGET_MILLISECONDS = 100;

const fiveHundred = projectList(
  Array.from({ length: 500 }, (_, index) =>
    project(`acme-team-${String((index * 337) % 500).padStart(3, '0')}`, { current_month_total: (index * 911) % 5000 }),
  ),
  [{ currency: 'EUR', current_month_total: 1_247_500, last_day_spend: 8300, total_cost_per_hour: 346.5278 }],
);

/** CPU time of the page's main thread from the action until its last frame, without other processes. */
async function mainThreadMilliseconds(page: Page, action: () => Promise<void>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const taskSeconds = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  };
  const before = await taskSeconds();
  await action();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return ((await taskSeconds()) - before) * 1000;
}

for (const pageSize of [20, 100]) {
  test(`500 projects, ${pageSize} a page: a sort and a letter of a search take less than 100 ms each`, async ({
    page,
  }) => {
    await routeProvider(page);
    await routeApi(page, data(fiveHundred));
    await page.goto(`/billing/projects?organization=acme&per_page=${pageSize}`);
    await expect(page.getByRole('link', { name: /^acme-team/ })).toHaveCount(pageSize);
    const head = page.getByRole('button', { name: 'Project', exact: true });
    const search = page.getByRole('textbox', { name: 'Search projects by name' });
    await head.click(); // the first run is slower, because code is compiled
    const sorts = [];
    for (let turn = 0; turn < 5; turn++) {
      sorts.push(await mainThreadMilliseconds(page, () => head.click({ noWaitAfter: true })));
    }
    await expect(page.getByRole('link', { name: /^acme-team/ }).first()).toHaveText('acme-team-499');
    await search.focus();
    const letters = [];
    for (const letter of 'team-') {
      letters.push(await mainThreadMilliseconds(page, () => page.keyboard.press(letter)));
    }
    // Other processes only increase a measurement, so the minimum of five is the best estimate.
    test.info().annotations.push({ type: 'milliseconds', description: JSON.stringify({ sorts, letters }) });
    expect(Math.min(...sorts)).toBeLessThan(BUDGET_MILLISECONDS);
    expect(Math.min(...letters)).toBeLessThan(BUDGET_MILLISECONDS);
  });
}

/** 1.6 Mbit/s and a round trip of 300 ms, as Chromium's and Lighthouse's slow network. */
const SLOW = { offline: false, latency: 300, downloadThroughput: 200_000, uploadThroughput: 94_000 };
const LOGIN_MILLISECONDS = 3000;
const FIGURES_MILLISECONDS = 2500;
const LAYOUT_SHIFT = 0.02;

test('on a slow network the login comes in 3 s, the figures 2.5 s after it, and nothing moves', async ({ page }) => {
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
  let leftAt = 0;
  await routeProvider(page);
  await page.route('**/realms/acme/auth?*', async (route) => {
    leftAt = Date.now();
    await route.fallback();
  });
  await routeApi(page, data(fiveHundred), {
    'trend?compare': data(trend()),
    '/trend': data(history()),
    '/forecast': data(forecast()),
  });
  const begin = Date.now();
  await page.goto('/billing/?organization=acme');
  await expect(page.getByText('€1,247,500.00')).toBeVisible();
  const figures = Date.now();
  await expect(page.getByRole('table', { name: 'Projects, the largest first' })).toBeVisible();
  await page.waitForTimeout(1000);
  const shift = await page.evaluate(() =>
    (window as unknown as { shifts: number[] }).shifts.reduce((sum, one) => sum + one, 0),
  );
  const measured = { login: leftAt - begin, figures: figures - leftAt, shift };
  // eslint-disable-next-line no-console -- the measurement is the purpose
  console.log(
    `slow network: login after ${measured.login} ms of ${LOGIN_MILLISECONDS}, ` +
      `figures after ${measured.figures} ms of ${FIGURES_MILLISECONDS}, layout shift ${shift.toFixed(4)} of ${LAYOUT_SHIFT}`,
  );
  expect(measured.login).toBeLessThan(LOGIN_MILLISECONDS);
  expect(measured.figures).toBeLessThan(FIGURES_MILLISECONDS);
  expect(measured.shift).toBeLessThanOrEqual(LAYOUT_SHIFT);
});
