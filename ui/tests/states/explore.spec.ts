/** Explore and the drawer in Chromium: both themes, both languages, three widths, and its speed. */
import { expect, type Page, test } from '@playwright/test';

import { acme } from '../fixtures';
import { explanation, organizationExplanation, largeTrend, trend, TREND_META } from '../exploreTrends';
import { type Answer, data, error, routeApi, silence } from './api';
import { mainThreadMilliseconds } from './checks';
import { routeProvider } from './provider';
import { type State, testStates } from './run';

const EXPLORE = '/billing/explore?organization=acme&period=2025-09-01..2025-09-30';
const BUDGET_MILLISECONDS = 100;

const ok = (body: unknown): Answer => data(body, TREND_META);
const projects = ok({ ...acme, scope: { organization: 'acme', namespaces: null } });

/** The list and the explanation are the same in each state, the trend is the state's. */
function route(page: Page, trendAnswer: Answer): Promise<void> {
  return routeApi(page, projects, {
    '/trend': trendAnswer,
    '/organization/explain': ok(organizationExplanation()),
    '/explain': ok(explanation()),
  });
}

const many = trend({
  others: 12,
  gaps: [0, 1, 2, 11],
  groups: Array.from({ length: 9 }, (_, index) => ({ name: `acme-team-${index}`, namespace: `acme-team-${index}` })),
});
const openFirst = (page: Page) =>
  page
    .getByRole('button', { name: /show what it is made of|woraus der Wert besteht/ })
    .first()
    .click();

/** `answer`: the trend's. */
const STATES: (Omit<State, 'path' | 'answer'> & { path?: string; answer: Answer })[] = [
  { name: 'explore', answer: ok(many), text: { en: /largest part/, de: /größte Teil/ } },
  {
    name: 'explore-filtered',
    path: `${EXPLORE}&include=component:cpu,label:team&exclude=project:acme-ci&by=week`,
    answer: ok(trend({ granularity: 'week', buckets: 5 })),
    text: { en: 'Remove all filters', de: 'Alle Filter entfernen' },
    prepare: (page) => page.getByRole('button', { name: /^(Add a filter|Filter hinzufügen)$/ }).click(),
  },
  {
    name: 'explore-project',
    path: `${EXPLORE}&project=acme-web&compare=no`,
    answer: ok(
      trend({ groupBy: 'component', compare: false, groups: ['cpu', 'memory', 'storage'].map((name) => ({ name })) }),
    ),
    text: { en: /CPU is the largest part/, de: /größte Teil ist CPU/ },
  },
  {
    name: 'explore-incomplete',
    answer: ok({ ...many, unrated_lines: 3, adjustments: [{ period: '2025-09', currency: 'EUR', amount: -1.5 }] }),
    text: { en: '3 usage lines have no price', de: '3 Verbrauchszeilen haben keinen Preis' },
  },
  {
    name: 'explore-nothing',
    answer: ok(trend({ buckets: 2, gaps: [0, 1], compare: false })),
    text: { en: 'There was no usage in this period', de: 'In diesem Zeitraum gab es keinen Verbrauch' },
  },
  { name: 'explore-loading', answer: silence, text: { en: 'Loading the figures', de: 'Die Zahlen werden geladen' } },
  {
    name: 'explore-too-much',
    answer: error(400, "query parameter 'group_by' needs 900000 usage lines in this range", {}),
    text: { en: /900000 usage lines/, de: /900000 usage lines/ },
  },
  {
    name: 'explain',
    path: `${EXPLORE}&project=acme-web`,
    answer: ok(trend({ groupBy: 'component', groups: ['cpu', 'memory'].map((name) => ({ name })) })),
    text: { en: 'Sum of all rows', de: 'Summe aller Zeilen' },
    prepare: openFirst,
  },
  {
    name: 'explain-organization',
    answer: ok(trend()),
    text: { en: 'Sum of all rows', de: 'Summe aller Zeilen' },
    prepare: (page) =>
      page
        .getByRole('row', { name: /^(Total|Summe)/ })
        .getByRole('button')
        .click(),
  },
];

testStates(
  STATES.map(({ answer, ...state }) => ({
    ...{ path: EXPLORE, isWindow: state.name.startsWith('explain') },
    ...state,
    answer: projects,
    answers: {
      '/trend': answer,
      '/organization/explain': ok(organizationExplanation()),
      '/explain': ok(explanation()),
    },
  })),
);

for (const theme of ['light', 'dark'] as const) {
  test(`ten groups have ten colours with 3:1 to the page, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await routeProvider(page);
    await route(page, ok(many));
    await page.goto(EXPLORE);
    await expect(page.locator('.billing-mark-fill')).toHaveCount(10);
    const ratios = await page.locator('.billing-mark-fill').evaluateAll((marks) => {
      const luminance = (color: string) => {
        const parts = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => Number(part) / 255);
        const [r = 0, g = 0, b = 0] = parts.map((part) =>
          part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const section = document.querySelector('.pf-v6-c-page__main-container') ?? document.body;
      const behind = luminance(getComputedStyle(section).backgroundColor);
      return marks.map((mark) => {
        const fill = getComputedStyle(mark).fill;
        const [dark = 0, light = 0] = [luminance(fill), behind].sort((a, b) => a - b);
        return { fill, ratio: (light + 0.05) / (dark + 0.05) };
      });
    });
    expect(new Set(ratios.map(({ fill }) => fill)).size).toBe(10);
    expect(ratios.filter(({ ratio }) => ratio < 3)).toEqual([]);
  });
}

test('with forced colours, the bars differ by patterns', async ({ page }) => {
  await routeProvider(page);
  await route(page, ok(many));
  await page.emulateMedia({ forcedColors: 'active' });
  await page.goto(EXPLORE);
  await expect(page.locator('.billing-picture path.billing-mark-edge')).toHaveCount(10);
  await page.screenshot({ path: 'screenshots/explore-forced-colours.png' });
  const lines = await page
    .locator('.billing-mark-lines')
    .evaluateAll((paths) => new Set(paths.map((path) => path.getAttribute('d'))).size);
  expect(lines).toBe(9);
});

test('if the drawer cannot be loaded, an alert beside the figure has the reason', async ({ page }) => {
  await routeProvider(page);
  await route(page, ok(many));
  await page.route('**/assets/ExplainDrawer-*', (chunk) => chunk.abort());
  await page.goto(EXPLORE);
  await openFirst(page);
  await expect(page.getByRole('alert').filter({ hasText: 'The details could not be loaded.' })).toBeVisible();
  await expect(page.getByRole('button', { name: /show what it is made of/ }).first()).toBeVisible();
});

test('500 projects, 90 days: each interaction takes less than 100 ms', async ({ page }) => {
  await routeProvider(page);
  await route(page, ok(largeTrend()));
  await page.goto(EXPLORE.replace('2025-09-30', '2025-11-29'));
  await expect(page.locator('.billing-picture path.billing-mark-edge')).toHaveCount(10);
  const points = page.getByRole('slider');
  await points.focus();
  const times: Record<string, number[]> = { arrow: [], granularity: [], drawer: [], close: [] };
  for (let turn = 0; turn < 5; turn++) {
    times.arrow?.push(await mainThreadMilliseconds(page, () => page.keyboard.press('ArrowRight')));
    for (const by of ['week', 'day']) {
      const button = page.locator(`#billing-by-${by}`);
      times.granularity?.push(await mainThreadMilliseconds(page, () => button.click({ noWaitAfter: true })));
    }
    const figure = page.getByRole('button', { name: /show what it is made of/ }).first();
    times.drawer?.push(await mainThreadMilliseconds(page, () => figure.click({ noWaitAfter: true })));
    await expect(page.getByRole('dialog')).toBeVisible();
    times.close?.push(await mainThreadMilliseconds(page, () => page.keyboard.press('Escape')));
    await expect(page.getByRole('dialog')).toBeHidden();
    await points.focus();
  }
  test.info().annotations.push({ type: 'milliseconds', description: JSON.stringify(times) });
  for (const [name, taken] of Object.entries(times)) {
    // Other processes only increase a measurement, so the minimum is the best estimate.
    expect(Math.min(...taken), name).toBeLessThan(BUDGET_MILLISECONDS);
  }
});
