/** Each view of the page: longer words, right to left, zoom, and paper. */
import { expect, type Page, test } from '@playwright/test';

import {
  BUDGET,
  BUDGET_ANSWERS,
  CHANNEL_ID,
  EXPLORE_ANSWERS,
  OVERVIEW_ANSWERS,
  PLAN_ANSWERS,
  PROJECT_ANSWERS,
  STATEMENT_ANSWERS,
} from './answers';
import type { Answer } from './api';
import { cutOff, settle, showAll, violations } from './checks';
import { open } from './run';

interface View {
  name: string;
  path: string;
  answers: Record<string, Answer>;
  /** A figure or a name that is the same in every language. */
  shown: string;
  tables: number;
}

const SEPTEMBER = 'period=2025-09-01..2025-09-30';
const VIEWS: View[] = [
  { name: 'overview', path: '', answers: OVERVIEW_ANSWERS, shown: 'acme-sandbox', tables: 1 },
  { name: 'explore', path: `explore?${SEPTEMBER}`, answers: EXPLORE_ANSWERS, shown: 'acme-ci', tables: 2 },
  { name: 'projects', path: 'projects', answers: PROJECT_ANSWERS, shown: 'acme-sandbox', tables: 1 },
  { name: 'project', path: 'projects/acme-web', answers: PROJECT_ANSWERS, shown: 'acme-web', tables: 1 },
  { name: 'budgets', path: 'budgets', answers: BUDGET_ANSWERS, shown: 'acme-gpu', tables: 1 },
  { name: 'budget', path: `budgets/${BUDGET.id}`, answers: BUDGET_ANSWERS, shown: 'acme-web', tables: 2 },
  { name: 'budget-new', path: 'budgets/new', answers: BUDGET_ANSWERS, shown: 'operations', tables: 0 },
  { name: 'channels', path: 'budgets/channels', answers: BUDGET_ANSWERS, shown: 'alerts in Slack', tables: 1 },
  { name: 'channel', path: `budgets/channels/${CHANNEL_ID}`, answers: BUDGET_ANSWERS, shown: 'operations', tables: 0 },
  { name: 'deliveries', path: 'budgets/deliveries', answers: BUDGET_ANSWERS, shown: 'finance', tables: 1 },
  { name: 'plan', path: 'plan', answers: PLAN_ANSWERS, shown: 'acme-data', tables: 2 },
  { name: 'statements', path: 'statements', answers: STATEMENT_ANSWERS, shown: '2026', tables: 1 },
  { name: 'statement', path: 'statements/2026-09', answers: STATEMENT_ANSWERS, shown: 'acme-ci', tables: 2 },
];

async function show(page: Page, { path, answers, shown }: View): Promise<void> {
  await open(page, { path: `/billing/${path}${path.includes('?') ? '&' : '?'}organization=acme`, answers });
  await expect(page.getByRole('main').getByText(shown).filter({ visible: true }).first()).toBeVisible();
  await expect(page.locator('.pf-v6-c-skeleton')).toHaveCount(0);
}

for (const [locale, direction] of [
  ['en-XA', 'ltr'],
  ['ar-XB', 'rtl'],
] as const) {
  test.describe(`in ${locale}`, () => {
    test.use({ locale });
    for (const view of VIEWS) {
      test(`${view.name}: lang and dir are set, nothing is cut off, and axe has no finding`, async ({ page }) => {
        await show(page, view);
        await expect(page.locator('html')).toHaveAttribute('lang', locale);
        await expect(page.locator('html')).toHaveAttribute('dir', direction);
        await expect(page.getByRole('main')).toContainText(/[áéíóú]/);
        for (const width of [1280, 390]) {
          await page.setViewportSize({ width, height: 720 });
          await showAll(page, width);
          await page.screenshot({ path: `screenshots/${view.name}-${locale}-${width}.png` });
          expect(await cutOff(page), `cut off at ${width}`).toEqual([]);
          expect(await violations(page), `axe at ${width}`).toEqual([]);
        }
      });
    }
  });
}

/** A window of 1280 by 1024: a zoom makes its pixels larger, so fewer of them fit (WCAG 2.2, 1.4.10). */
for (const percent of [200, 400]) {
  const size = { width: 128_000 / percent, height: 102_400 / percent };
  for (const view of VIEWS) {
    test(`${view.name} at ${percent} %: nothing is cut off, and what is scrolled has room`, async ({ page }) => {
      await show(page, view);
      await page.setViewportSize(size);
      await settle(page);
      await page.screenshot({ path: `screenshots/${view.name}-zoom-${percent}.png` });
      expect(await cutOff(page)).toEqual([]);
      const room = await page.evaluate(() => {
        const last = [...document.querySelectorAll('main *')].at(-1);
        last?.scrollIntoView({ block: 'end' });
        const scrolled = document.querySelector('.pf-v6-c-page__main')?.getBoundingClientRect();
        return (scrolled?.height ?? 0) / window.innerHeight;
      });
      expect(room, 'the share of the window that is scrolled').toBeGreaterThan(0.6);
    });
  }
}

/** A4 with margins of 1 cm, in CSS pixels. */
const PAPER = { width: 718, height: 1000 };

for (const view of VIEWS.filter(({ tables }) => tables > 0)) {
  test(`${view.name} on paper: tables with their heads, no navigation, no buttons, nothing cut off`, async ({
    page,
  }) => {
    await show(page, view);
    await page.emulateMedia({ media: 'print', colorScheme: 'light' });
    await page.setViewportSize(PAPER);
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
    await page.screenshot({ path: `screenshots/${view.name}-print.png`, fullPage: true });
    const tables = page.locator('table').filter({ visible: true });
    expect(await tables.count()).toBeGreaterThanOrEqual(view.tables);
    const heads = await page
      .locator('table > thead')
      .filter({ visible: true })
      .evaluateAll((found) => found.map((head) => getComputedStyle(head).display));
    expect(heads.length).toBeGreaterThanOrEqual(view.tables);
    expect(new Set(heads)).toEqual(new Set(['table-header-group']));
    await expect(page.getByRole('navigation').filter({ visible: true })).toHaveCount(0);
    await expect(page.getByRole('banner').filter({ visible: true })).toHaveCount(0);
    expect(await cutOff(page)).toEqual([]);
  });
}
