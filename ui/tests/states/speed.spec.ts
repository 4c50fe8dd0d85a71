/** The work of the main thread for one key press or one click, with 500 projects. */
import { expect, test } from '@playwright/test';

import { largeTrend, TREND_META } from '../exploreTrends';
import { project, projectList } from '../fixtures';
import { BUDGET, BUDGET_ANSWERS, BUDGETS, budgetList, OVERVIEW_ANSWERS } from './answers';
import { data, routeApi } from './api';
import { mainThreadMilliseconds } from './checks';
import { routeProvider } from './provider';
import { open, overriding } from './run';

const BUDGET_MILLISECONDS = 100;

const fiveHundred = projectList(
  Array.from({ length: 500 }, (_, index) =>
    project(`acme-team-${String((index * 337) % 500).padStart(3, '0')}`, { current_month_total: (index * 911) % 5000 }),
  ),
  [{ currency: 'EUR', current_month_total: 1_247_500, last_day_spend: 8300, total_cost_per_hour: 346.5278 }],
);

for (const pageSize of [20, 100]) {
  test(`500 projects, ${pageSize} a page: a sort and a letter of a search take less than 100 ms each`, async ({
    page,
  }) => {
    await routeProvider(page);
    await routeApi(page, data(fiveHundred));
    await page.goto(`/billing/projects?organization=acme&per_page=${pageSize}`);
    await expect(page.getByRole('link', { name: /^acme-team/ })).toHaveCount(pageSize);
    const head = page.getByRole('button', { name: 'Project', exact: true });
    const column = page.getByRole('columnheader', { name: 'Project', exact: true });
    const search = page.getByRole('textbox', { name: 'Search projects by name' });
    await head.click(); // the first run is slower, because code is compiled
    const sorts = [];
    for (let turn = 0; turn < 5; turn++) {
      await expect(column).toHaveAttribute('aria-sort', turn % 2 === 0 ? 'ascending' : 'descending');
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

/** The least time of each: other processes only increase a measurement. */
function expectFast(times: Record<string, number[]>): void {
  test.info().annotations.push({ type: 'milliseconds', description: JSON.stringify(times) });
  for (const [name, taken] of Object.entries(times)) {
    expect(Math.min(...taken), name).toBeLessThan(BUDGET_MILLISECONDS);
  }
}

test('500 projects, 90 days: each interaction with the overview takes less than 100 ms', async ({ page }) => {
  const answers = overriding(OVERVIEW_ANSWERS, {
    'trend?compare': data(largeTrend(), TREND_META),
    '/trend': data(largeTrend(), TREND_META),
    '/projects': data(fiveHundred),
  });
  await open(page, { path: '/billing/?organization=acme&period=2025-09-01..2025-11-29', answers });
  const points = page.getByRole('slider').first();
  await expect(page.getByRole('link', { name: 'acme-team-0' }).first()).toBeVisible();
  const times: Record<string, number[]> = { arrow: [], drawer: [], close: [], period: [] };
  for (let turn = 0; turn < 5; turn++) {
    await points.focus();
    times.arrow?.push(await mainThreadMilliseconds(page, () => page.keyboard.press('ArrowRight')));
    const figure = page.getByRole('button', { name: /show what it is made of/ }).first();
    times.drawer?.push(await mainThreadMilliseconds(page, () => figure.click({ noWaitAfter: true })));
    await expect(page.getByRole('dialog')).toBeVisible();
    times.close?.push(await mainThreadMilliseconds(page, () => page.keyboard.press('Escape')));
    await expect(page.getByRole('dialog')).toBeHidden();
    for (const period of ['Last month', 'This month']) {
      const select = async () => {
        await page.getByRole('combobox', { name: 'Period' }).selectOption(period);
      };
      times.period?.push(await mainThreadMilliseconds(page, select));
    }
  }
  expectFast(times);
});

test('200 budgets: each interaction with their list and the form takes less than 100 ms', async ({ page }) => {
  const many = Array.from({ length: 200 }, (_, index) => ({
    ...(BUDGETS[index % BUDGETS.length] ?? BUDGET),
    id: `0f8fad5b-d9cb-469f-a165-${String(index).padStart(12, '0')}`,
    name: `Budget ${index}`,
  }));
  const answers = {
    ...BUDGET_ANSWERS,
    '/budgets': budgetList({ budgets: many }),
    '/projects': data(fiveHundred),
  };
  await open(page, { path: '/billing/budgets?organization=acme', answers });
  await expect(page.getByRole('button', { name: 'Show all 200 rows' })).toBeVisible();
  const figure = page.getByRole('button', { name: /show what it is made of/ }).first();
  const times: Record<string, number[]> = { drawer: [], close: [], letter: [] };
  for (let turn = 0; turn < 5; turn++) {
    times.drawer?.push(await mainThreadMilliseconds(page, () => figure.click({ noWaitAfter: true })));
    await expect(page.getByRole('dialog')).toBeVisible();
    times.close?.push(await mainThreadMilliseconds(page, () => page.keyboard.press('Escape')));
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  await open(page, { path: '/billing/budgets/new?organization=acme', answers });
  await page.getByRole('textbox', { name: 'Name' }).focus();
  for (const letter of 'March') {
    times.letter?.push(await mainThreadMilliseconds(page, () => page.keyboard.press(letter)));
  }
  expectFast(times);
});
