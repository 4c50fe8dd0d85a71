/** The overview, the projects and what surrounds them in Chromium; paper and blocked storage. */
import { expect, type Page, test } from '@playwright/test';

import type { ProjectList } from '../../src/app/ManageOrganization/Billing/api/models';
import { acme, overview, project, projectList, summary, unpricedProject } from '../fixtures';
import { forecast, trend } from '../trends';
import { OVERVIEW_ANSWERS } from './answers';
import { type Answer, data, error, routeApi, silence, withoutCorsHeaders } from './api';
import { routeProvider } from './provider';
import { type State, testStates } from './run';
import { text } from './texts';

const OVERVIEW = '/billing/?organization=acme';
const LIST = '/billing/projects?organization=acme';
const PROJECT = '/billing/projects/acme-web?organization=acme';
const LONGEST_NAME = `a-project-whose-name-is-as-long-as-kubernetes-allows-${'x'.repeat(11)}`;

const NARROW = [1280, 320];

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

/** One way to sort at a time: by the table head, or by the list of orders if the head is hidden. */
async function oneWayToSort(page: Page, width: number): Promise<void> {
  await expect(page.locator('.pf-v6-c-toolbar .billing-narrow')).toBeVisible({ visible: width < 768 });
  await expect(page.locator('thead')).toBeVisible({ visible: width >= 768 });
}

/** The sum, in the colour of the page's texts: axe does not check an SVG. */
async function sumInTheRing(page: Page): Promise<void> {
  await expect(page.locator('.billing-donut svg tspan')).toHaveText(/1[.,]672[.,]31/);
  const colors = await page.evaluate(() => [
    getComputedStyle(document.querySelector('h1') ?? document.body).color,
    getComputedStyle(document.querySelector('.billing-donut svg text tspan') ?? document.body).fill,
  ]);
  expect(new Set(colors).size, colors.join(', ')).toBe(1);
}

const STALE = { en: 'These figures are 14 minutes old', de: 'Diese Zahlen sind 14 Minuten alt' };
/** Every reply of the overview. */
const ofAll = (answer: Answer) => Object.fromEntries(Object.keys(OVERVIEW_ANSWERS).map((part) => [part, answer]));
const likely = { en: /likely €2,495/, de: /wahrscheinlich 2.495/ };
/** `body`: the reply to every request that has no other one. */
const list = (name: string, body: unknown, text: State['text'], part: Partial<State> = {}): State => ({
  ...{ name, path: LIST, answer: data(body), text, widths: NARROW },
  ...part,
});

const OVERVIEWS: State[] = [
  { name: 'overview', path: OVERVIEW, text: likely, widths: [...NARROW, 390, 768, 3840] },
  {
    name: 'overview-plan',
    path: OVERVIEW,
    answers: { 'trend?compare': data(trend(), { cost_basis: 'list_price' }) },
    text: text('overview.invoiced'),
  },
  { name: 'overview-loading', path: OVERVIEW, answers: ofAll(silence), text: text('common.loading') },
  {
    name: 'overview-not-offered',
    path: OVERVIEW,
    answers: { ...ofAll(error(501, 'Not offered by this installation', {}, 'not_offered')), '/projects': data(acme) },
    text: text('common.notOfferedTitle'),
  },
  {
    name: 'overview-guest',
    path: OVERVIEW,
    answers: ofAll(error(403, 'Billing access denied')),
    text: text('common.guestTitle'),
  },
  {
    name: 'overview-not-started',
    path: OVERVIEW,
    answers: {
      '/projects': data({ ...projectList([], []), billing_started: false }),
      ...ofAll(error(404, 'Billing has not started', {}, 'billing_not_started')),
    },
    text: text('common.notStartedTitle'),
  },
  {
    name: 'overview-forecast-unknown',
    path: OVERVIEW,
    answers: {
      '/forecast': data(forecast({ quality: 'short_history' })),
      'trend?compare': error(400, 'There is no earlier range'),
    },
    text: text('overview.quality_short_history'),
  },
  {
    name: 'overview-90d',
    path: `${OVERVIEW}&period=90d`,
    text: { en: 'Cost, 90 days', de: 'Kosten, 90 Tage' },
  },
  {
    name: 'overview-unknown-parameter',
    path: `${OVERVIEW}&perriod=90d`,
    text: text('common.unknownParameterTitle'),
  },
  { name: 'not-found', path: '/billing/nothing?organization=acme', text: text('common.notFoundTitle') },
];

const PROJECTS: State[] = [
  list('list', acme, 'acme-data', { widths: [...NARROW, 768, 3840], check: oneWayToSort }),
  list('list-500', manyProjects(500), 'acme-team-000', {
    path: `${LIST}&sort=namespace`,
    widths: [...NARROW, 3840],
  }),
  list('list-extremes', extremes, 'acme-tokyo', { widths: [...NARROW, 768, 1024] }),
  list('list-no-match', acme, text('projects.noMatchTitle'), { path: `${LIST}&search=nothing` }),
  list('loading', null, text('common.loading'), { answer: silence }),
  list('waking', null, text('common.waking'), { answer: silence }),
  list('empty', projectList([], []), text('projects.emptyTitle')),
  list('guest', null, text('common.guestTitle'), { answer: error(403, 'Billing access denied') }),
  list('expired', null, text('common.expiredTitle'), { answer: error(401, 'Authentication token expired') }),
  list('unavailable', null, text('common.unavailableTitle'), { answer: error(503, 'Billing service unreachable') }),
  list('identity', null, text('common.identityTitle'), { answer: error(503, 'Identity provider unreachable') }),
  list('stale', null, STALE, { answer: data(acme, { stale: true }, { Age: '840' }) }),
  list('unreachable', null, text('common.unreachableTitle'), { answer: withoutCorsHeaders }),
  list('offline', acme, text('common.offlineTitle'), { prepare: goOffline }),
  list('failed', null, text('common.failedTitle'), { answer: error(500, 'Internal server error') }),
  list('broken-answer', { organization: 'acme' }, text('common.failedTitle')),
  list('project', overview(), /989[.,]45/, { path: PROJECT, widths: [...NARROW, 768, 3840], check: sumInTheRing }),
  list('project-no-usage', noUsage, text('projects.noCostYet'), { path: PROJECT }),
  list('project-loading', null, text('common.loading'), { path: PROJECT, answer: silence }),
  list('project-long-name', overview({ namespace: LONGEST_NAME }), /989[.,]45/, {
    path: `/billing/projects/${LONGEST_NAME}?organization=acme`,
  }),
  list('project-forbidden', null, text('common.forbiddenTitle'), {
    path: PROJECT,
    answer: error(403, 'Access denied to namespace', { namespace: 'acme-web', availableNamespaces: [] }),
  }),
  list('project-incomplete', null, text('common.incompleteTitle'), {
    path: PROJECT,
    answer: error(503, 'Billing data incomplete'),
  }),
  list('choose-organization', null, text('shell.chooseTitle'), { path: '/billing/' }),
  list('login-failed', null, text('shell.loginFailedTitle'), {
    answer: silence,
    prepare: async (page, language) => {
      await expect(page.getByText(text('common.loading')[language]).first()).toBeAttached(); // the first login is done
      await routeProvider(page, { refuses: true });
      await page.evaluate(() => {
        sessionStorage.clear();
      });
      await page.reload();
    },
  }),
];

testStates(OVERVIEWS, OVERVIEW_ANSWERS);
testStates(PROJECTS);

test('on a phone, the first project is on the first screen', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await routeProvider(page);
  await routeApi(page, data(acme));
  await page.goto(LIST);
  await expect(page.getByRole('link', { name: 'acme-web' })).toBeInViewport({ ratio: 1 });
});

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
