/** All states of the page in Chromium: visible, no findings of axe, no overflow, and a picture of each. */
import { expect, type Page, test } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { ProjectList } from '../../src/app/ManageOrganization/Billing/api/models';
import { acme, overview, project, projectList, summary, unpricedProject } from '../fixtures';
import { type Answer, data, error, routeApi, silence, withoutCorsHeaders } from './api';
import { forecast, history, trend } from '../trends';
import { routeProvider } from './provider';

const OVERVIEW = '/billing/?organization=acme';
const LIST = '/billing/projects?organization=acme';
const PROJECT = '/billing/projects/acme-web?organization=acme';
const LONGEST_NAME = `a-project-whose-name-is-as-long-as-kubernetes-allows-${'x'.repeat(11)}`;

interface State {
  name: string;
  path?: string;
  answer: Answer;
  /** Text that identifies the state. */
  text: string | RegExp;
  prepare?: (page: Page) => Promise<void>;
  /** Widths in addition to narrow and wide. */
  also?: number[];
  /** Replies by a part of the address. */
  more?: Record<string, Answer>;
}

function manyProjects(count: number): ProjectList {
  const projects = Array.from({ length: count }, (_, index) =>
    project(`acme-team-${String((index * 7919) % count).padStart(3, '0')}`, {
      current_month_total: ((index * 7919) % 100_000) / 100,
    }),
  );
  return projectList(projects, [
    { currency: 'EUR', current_month_total: 249_500, last_day_spend: 8_300, total_cost_per_hour: 346.5278 },
  ]);
}

const extremes = projectList(
  [
    project(LONGEST_NAME, {
      current_month_total: 1e9,
      last_day_spend: 33_333_333.33,
      total_cost_per_hour: 1388888.8889,
    }),
    project('a', { current_month_total: 0.000001, last_day_spend: 0, total_cost_per_hour: 0.000001 }),
    project('acme-tokyo', {
      current_month_total: 120_000,
      last_day_spend: 4_000,
      total_cost_per_hour: 166.6667,
      currency: 'JPY',
    }),
    project('acme-mystery', { currency: null }),
    unpricedProject('acme-broken'),
  ],
  [
    { currency: 'EUR', current_month_total: 1e9, last_day_spend: 33_333_333.33, total_cost_per_hour: 1388888.8889 },
    { currency: 'JPY', current_month_total: 120_000, last_day_spend: 4_000, total_cost_per_hour: 166.6667 },
    { currency: null, current_month_total: 1672.31, last_day_spend: 55.68, total_cost_per_hour: 2.3211 },
  ],
);

const noUsage = overview({
  billing_summary: summary({ current_month_total: 0, last_day_spend: 0, total_cost_per_hour: 0 }),
  compute_instances: { running_pods: 0, running_vms: 0, cpu_cores: 0, memory_gib: 0, cost_per_hour: 0 },
  cost_breakdown: { cpu_cost: 0, memory_cost: 0, storage_cost: 0, network_cost: 0, public_ip_cost: 0 },
});

const goOffline = async (page: Page) => {
  await page.getByRole('link', { name: 'acme-web' }).waitFor();
  await page.context().setOffline(true);
  await page.getByRole('link', { name: 'acme-web' }).click();
};

const figures = {
  'trend?compare': data(trend()),
  '/trend': data(history()),
  '/forecast': data(forecast()),
  '/statement': data({ invoiced: { fees: 58, usage: 0, adjustments: 0, total: 58 }, projects: [] }),
};

const STATES: State[] = [
  {
    name: 'overview',
    path: OVERVIEW,
    answer: data(acme),
    more: figures,
    text: /likely €2,495/,
    also: [390, 768, 3840],
  },
  {
    name: 'overview-plan',
    path: OVERVIEW,
    answer: data(acme),
    more: { ...figures, 'trend?compare': data(trend(), { cost_basis: 'list_price' }) },
    text: 'Invoiced for this month',
  },
  { name: 'overview-loading', path: OVERVIEW, answer: silence, text: 'Loading the figures' },
  { name: 'overview-not-offered', path: OVERVIEW, answer: data(acme), text: 'Not offered by this installation' },
  {
    name: 'overview-90d',
    path: `${OVERVIEW}&period=90d`,
    answer: data(acme),
    more: figures,
    text: 'Cost, 90 days',
  },
  {
    name: 'overview-unknown-parameter',
    path: `${OVERVIEW}&perriod=90d`,
    answer: data(acme),
    more: figures,
    text: /The page does not use: perriod/,
  },
  {
    name: 'not-found',
    path: '/billing/nothing?organization=acme',
    answer: data(acme),
    text: 'This page does not exist',
  },
  { name: 'list', answer: data(acme), text: 'acme-data', also: [768, 3840] },
  {
    name: 'list-500',
    answer: data(manyProjects(500)),
    text: 'acme-team-000',
    path: `${LIST}&sort=namespace`,
    also: [3840],
  },
  { name: 'list-extremes', answer: data(extremes), text: 'acme-tokyo', also: [768, 1024] },
  {
    name: 'list-no-match',
    answer: data(acme),
    text: 'No matching project',
    path: `${LIST}&search=nothing`,
  },
  { name: 'loading', answer: silence, text: 'Loading the figures' },
  { name: 'waking', answer: silence, text: /The billing functions are starting/ },
  { name: 'empty', answer: data(projectList([], [])), text: 'No projects yet' },
  { name: 'guest', answer: error(403, 'Billing access denied'), text: 'You have no access to billing' },
  { name: 'expired', answer: error(401, 'Authentication token expired'), text: 'Your session has ended' },
  {
    name: 'unavailable',
    answer: error(503, 'Billing service unreachable'),
    text: 'The billing service is not available',
  },
  {
    name: 'identity',
    answer: error(503, 'Identity provider unreachable'),
    text: 'The identity provider is not available',
  },
  { name: 'stale', answer: data(acme, { stale: true }, { Age: '840' }), text: 'These figures are 14 minutes old' },
  { name: 'unreachable', answer: withoutCorsHeaders, text: 'Billing cannot be reached' },
  { name: 'offline', answer: data(acme), text: 'You are offline', prepare: goOffline },
  { name: 'failed', answer: error(500, 'Internal server error'), text: 'Internal error' },
  { name: 'broken-answer', answer: data({ organization: 'acme' }), text: 'Internal error' },
  { name: 'project', path: PROJECT, answer: data(overview()), text: '€989.45', also: [768, 3840] },
  { name: 'project-no-usage', path: PROJECT, answer: data(noUsage), text: 'No usage this month.' },
  { name: 'project-loading', path: PROJECT, answer: silence, text: 'Loading the figures' },
  {
    name: 'project-long-name',
    path: `/billing/projects/${LONGEST_NAME}?organization=acme`,
    answer: data(overview({ namespace: LONGEST_NAME })),
    text: '€989.45',
  },
  {
    name: 'project-forbidden',
    path: PROJECT,
    answer: error(403, 'Access denied to namespace', { namespace: 'acme-web', availableNamespaces: [] }),
    text: 'You have no access to this project',
  },
  {
    name: 'project-incomplete',
    path: PROJECT,
    answer: error(503, 'Billing data incomplete'),
    text: 'The figures are not complete',
  },
  { name: 'choose-organization', path: '/billing/', answer: silence, text: 'Choose an organization' },
  {
    name: 'login-failed',
    answer: silence,
    text: 'Login failed',
    prepare: (page) =>
      routeProvider(page, { refuses: true })
        .then(() => page.reload())
        .then(() => undefined),
  },
];

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    // axe is now a global of the page.
    const { run } = (window as unknown as { axe: typeof import('axe-core') }).axe;
    const results = await run(document);
    return results.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`),
    );
  });
}

/** Texts and controls that are visible only after scrolling sideways. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('a, button, input, select, h1, h2, p, td, th, dd, dt, li')]
      .filter((element) => element.checkVisibility() && element.closest('.pf-v6-screen-reader') === null)
      .filter((element) => {
        const card = element.closest('.pf-v6-c-card')?.getBoundingClientRect().right ?? window.innerWidth;
        return element.getBoundingClientRect().right > Math.min(card, window.innerWidth) + 1;
      })
      .map((element) => element.outerHTML.slice(0, 200)),
  );
}

/** Text colours in charts that differ from the page's text colours. axe does not check an SVG. */
function chartTextColors(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const heading = document.querySelector('h1');
    const wanted = heading === null ? '' : getComputedStyle(heading).color;
    return [...document.querySelectorAll('.billing-donut svg text tspan')]
      .map((text) => getComputedStyle(text).fill)
      .filter((fill) => fill !== wanted);
  });
}

/** The page has an inner scroll area, so the window gets the height of its content. */
async function showAll(page: Page, width: number): Promise<void> {
  const hidden = await page.evaluate(() =>
    Math.max(
      0,
      ...[...document.querySelectorAll('main, .pf-v6-c-page__main')].map(
        (main) => main.scrollHeight - main.clientHeight,
      ),
    ),
  );
  await page.setViewportSize({ width, height: 720 + hidden });
  await page.waitForTimeout(150); // a chart needs one frame for its new width
}

for (const state of STATES) {
  for (const theme of ['light', 'dark'] as const) {
    test(`${state.name}, ${theme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width: 1280, height: 900 });
      await routeProvider(page);
      await routeApi(page, state.answer, state.more);
      await page.goto(state.path ?? LIST);
      await state.prepare?.(page);
      await expect(page.getByText(state.text).first()).toBeAttached();
      for (const width of [1280, 320, ...(state.also ?? [])]) {
        await page.setViewportSize({ width, height: 720 });
        await expect(page.locator('.billing-donut.pf-v6-c-skeleton')).toHaveCount(
          state.name === 'project-loading' ? 1 : 0,
        );
        await showAll(page, width);
        await page.screenshot({ path: `screenshots/${state.name}-${theme}-${width}.png` });
        expect(await violations(page), `axe at ${width}`).toEqual([]);
        if (state.name === 'list') {
          // One way to sort at a time: by the table head, or by the list of orders if the head is hidden.
          await expect(page.getByRole('combobox', { name: 'Sort by' })).toBeVisible({ visible: width < 768 });
          await expect(page.getByRole('button', { name: 'Project', exact: true })).toBeVisible({
            visible: width >= 768,
          });
        }
        if (state.name === 'project') {
          await expect(page.locator('.billing-donut svg tspan')).toHaveText('€1,672.31');
        }
        expect(await chartTextColors(page), 'the text in the ring').toEqual([]);
        expect(await cutOff(page), `beyond the right edge at ${width}`).toEqual([]);
      }
    });
  }
}

const LANGUAGES = [
  ['de-DE', 'Am Monatsende'],
  ['en-XA', /Át thé éñd óf thé móñth/],
  ['ar-XB', /Át thé éñd óf thé móñth/],
] as const;

for (const [locale, text] of LANGUAGES) {
  for (const [name, path] of [
    ['overview', OVERVIEW],
    ['list', LIST],
  ] as const) {
    test.describe(`in ${locale}`, () => {
      test.use({ locale });

      test(`${name}: lang and dir are set, nothing is cut off, and axe has no finding`, async ({ page }) => {
        await page.emulateMedia({ reducedMotion: 'reduce' });
        await page.setViewportSize({ width: 1280, height: 900 });
        await routeProvider(page);
        await routeApi(page, data(acme), figures);
        await page.goto(path);
        await expect(page.locator('html')).toHaveAttribute('lang', locale === 'de-DE' ? 'de' : locale);
        await expect(page.locator('html')).toHaveAttribute('dir', locale === 'ar-XB' ? 'rtl' : 'ltr');
        await expect(
          name === 'overview' ? page.getByText(text) : page.getByRole('link', { name: 'acme-ci' }),
        ).toBeVisible();
        for (const width of [1280, 390]) {
          await page.setViewportSize({ width, height: 720 });
          await showAll(page, width);
          await page.screenshot({ path: `screenshots/${name}-${locale}-${width}.png` });
          expect(await violations(page), `axe at ${width}`).toEqual([]);
          expect(locale === 'ar-XB' ? [] : await cutOff(page), `beyond the edge at ${width}`).toEqual([]);
        }
      });
    });
  }
}

test('printed, the list has all rows on all pages, with the heading row, and no navigation', async ({ page }) => {
  await routeProvider(page);
  await routeApi(page, data(manyProjects(100)));
  await page.goto(LIST);
  await expect(page.getByRole('link', { name: /^acme-team/ })).toHaveCount(20);
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  await expect(page.getByRole('link', { name: /^acme-team/ })).toHaveCount(100);
  await expect(page.getByRole('navigation').filter({ visible: true })).toHaveCount(0);
  const head = await page.locator('thead').evaluate((element) => getComputedStyle(element).display);
  expect(head).toBe('table-header-group');
});

test('with storage blocked, one sentence has what must be allowed', async ({ page }) => {
  await page.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(window, name, {
        get: () => {
          throw new DOMException('blocked', 'SecurityError');
        },
      });
    }
  });
  await page.goto(LIST);
  await expect(page.getByText('Allow this site to store data in your browser, and load the page again.')).toBeVisible();
});
