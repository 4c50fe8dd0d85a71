import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';

import type { Budget } from '../../src/app/ManageOrganization/Billing/queries/useBudgets';
import { example } from '../examples';
import { acme, failure, project, projectList, success } from '../fixtures';
import { json, renderBilling } from '../render';
import { forecast, history, trend } from '../trends';

type Replies = Record<string, () => Promise<Response>>;
const notOffered = json({ ...failure('Not offered by this installation'), code: 'not_offered' }, 501);
let requests: URL[] = [];

/** A reply for each resource, by a part of its address. The first that matches is sent. */
function route(replies: Replies) {
  vi.stubGlobal('fetch', (url: URL) => {
    requests.push(url);
    const found = Object.entries(replies).find(([part]) => url.href.includes(part));
    return found === undefined ? notOffered() : found[1]();
  });
}

const all: Replies = {
  '/projects': json(success(acme)),
  'trend?compare': json(success(trend())),
  '/trend': json(success(history())),
  '/forecast': json(success(forecast())),
};

beforeEach(() => {
  requests = [];
});

test('the overview shows the month so far, where it ends, and how it compares with the period before', async () => {
  route(all);
  renderBilling('billing/');
  expect(await screen.findByText('likely €2,495 – €2,531')).toBeVisible();
  expect(screen.getByText('€2,400.00')).toBeVisible();
  expect(await screen.findByText('+€100.00 (+4.4%) compared with the same hours of the period before')).toBeVisible();
  expect(screen.queryByText(/average|at this rate/)).not.toBeInTheDocument();
  expect(await screen.findByText(/^Until .*29.*: €2,400.00. At the end of the month likely/)).toBeVisible();
});

test('without running sums, as an older API replies, the chart has no line but its text has the figures', async () => {
  const buckets = trend().buckets.map((bucket) => ({ ...bucket, cumulative: undefined }));
  route({ ...all, 'trend?compare': json(success(trend({ buckets }))) });
  renderBilling('billing/');
  expect(await screen.findByText(/: €2,400.00. At the end of the month likely/)).toBeVisible();
  expect(screen.queryByText('There is no usage in this period yet.')).not.toBeInTheDocument();
});

test('what changed is split in quantity and price, and each leads to Explore with that project', async () => {
  route(all);
  renderBilling('billing/?organization=acme');
  const link = await screen.findByRole('link', { name: 'acme-web: open in Explore' });
  expect(link.closest('li')).toHaveTextContent('acme-web+€45.50quantity +€15.50, price +€30.00');
  expect(link).toHaveAttribute(
    'href',
    '/manage-organization/billing/explore?organization=acme&project=acme-web&group_by=sku',
  );
});

test('an unusual day has what was expected and its cause', async () => {
  route(all);
  renderBilling('billing/');
  expect(await screen.findByText('Sat, Sep 13')).toBeVisible();
  expect(screen.getByText(/€116.77, expected €80.11 – €90.02. Mainly acme-ci \+€29.50/)).toBeVisible();
});

test('the table has each project with its change and a line of 30 days in words', async () => {
  route(all);
  renderBilling('billing/');
  const table = await screen.findByRole('table', { name: 'Projects, the largest first' });
  const row = within(table).getByRole('link', { name: 'acme-ci' }).closest('tr') as HTMLElement;
  expect(row).toHaveTextContent('€87.19+€60.00 (+60%)');
  expect(
    await within(row).findByRole('img', { name: /Daily cost of acme-ci in the last 30 days: lowest/ }),
  ).toBeVisible();
});

test('on a plan, what is invoiced and what the usage would cost are two named figures', async () => {
  const listPrice = { cost_basis: 'list_price' } as object;
  const invoiced = { fees: 58, usage: 0, adjustments: 0, total: 58 };
  route({
    ...all,
    'trend?compare': json(success(trend(), listPrice)),
    '/statement': json(success({ invoiced, projects: [] }, listPrice)),
  });
  renderBilling('billing/');
  expect(await screen.findByText('This month so far, at list price')).toBeVisible();
  expect(screen.getByText(/What the usage would cost without your plan. It is not invoiced/)).toBeVisible();
  expect(await screen.findByText('Invoiced for this month')).toBeVisible();
  expect(screen.getByText('Fees €58.00, usage €0.00, adjustments €0.00')).toBeVisible();
});

test('cost in an earlier currency of the month is named, and it is the reason of a missing comparison', async () => {
  const unknown = { ...trend().compare, total: null, difference: null, ratio: null, groups: [], shown: null };
  const compare = { ...unknown, other_currencies: { USD: 805.56 } } as never;
  route({ ...all, 'trend?compare': json(success(trend({ compare, other_currencies: { USD: 491.33 } }))) });
  renderBilling('billing/');
  expect(await screen.findByText('$491.33. They are in no other figure of this page.')).toBeVisible();
  expect(screen.getAllByText(/the cost of the period before is in another currency \(\$805.56\)/)).toHaveLength(2);
  expect(screen.queryByText(/the history is shorter/)).not.toBeInTheDocument();
});

test('of two budgets, the one that warns is the figure and the line of the chart', async () => {
  const [budget] = example<{ budgets: Budget[] }>('list_budgets').data.budgets;
  const scope = { kind: 'organization' } as const;
  const of = (name: string, limit: number, state: string) => ({
    ...{ ...budget, id: name, name, scope, period: 'month', amount: limit, currency: 'EUR' },
    ...{ current: null, thresholds: [{ ...budget?.thresholds[0], state }] },
  });
  const budgets = [of('A first', 3000, 'ok'), of('B second', 100, 'firing')];
  route({ ...all, '/budgets': json(success({ budgets })) });
  renderBilling('billing/');
  expect(await screen.findByText('Budget B second, and 1 more')).toBeVisible();
  const chart = await screen.findByRole('slider', { name: /Cost since the first day/ });
  chart.focus();
  await userEvent.keyboard('{Home}');
  expect(chart).toHaveAttribute('aria-valuetext', expect.stringContaining('Budget €100.00'));
});

test('almost nothing is not 0, and what rounding changes is a line', async () => {
  const projects = acme.projects.map((one) =>
    one.namespace === 'acme-sandbox' ? project('acme-sandbox', { current_month_total: 0, almost_nothing: true }) : one,
  );
  route({
    ...all,
    '/projects': json(success({ ...acme, projects })),
    'trend?compare': json(success(trend({ rounding: 0.01 }))),
  });
  renderBilling('billing/');
  const table = await screen.findByRole('table', { name: 'Projects, the largest first' });
  const row = within(table).getByRole('link', { name: 'acme-sandbox' }).closest('tr') as HTMLElement;
  expect(row).toHaveTextContent('<€0.01');
  const rounding = within(table).getByRole('rowheader', { name: 'Rounding' }).closest('tr');
  expect(rounding).toHaveTextContent('Rounding€0.01');
});

test('an API without trend and forecast still shows the month', async () => {
  route({ '/projects': json(success(acme)) });
  renderBilling('billing/');
  expect(await screen.findByText('€2,400.00')).toBeVisible();
  expect((await screen.findAllByText('Not offered by this installation')).length).toBeGreaterThan(1);
});

test('a forecast that is not possible has its reason', async () => {
  const unknown = { p50: null, low: null, high: null };
  const none = forecast({ total: unknown, remaining: unknown, days: [], method: 'none', spent: null });
  route({ ...all, '/forecast': json(success(none)) });
  renderBilling('billing/');
  expect(await screen.findByText('There was never any usage to forecast from.')).toBeVisible();
});

test('an organization without a first import has an empty page, and no failure', async () => {
  route({ '/projects': json(success({ ...projectList([], []), billing_started: false })) });
  renderBilling('billing/?organization=acme');
  expect(await screen.findByRole('heading', { name: 'Billing has not started' })).toBeVisible();
});

test('a period of days is sent as days of the organization, by the clock of the API', async () => {
  route(all);
  renderBilling('billing/?period=30d');
  expect(await screen.findByText('Cost, 30 days')).toBeVisible();
  const asked = requests.find(({ search }) => search.includes('compare'));
  expect(asked?.searchParams.get('from')).toBe('2025-08-31');
  expect(asked?.searchParams.get('to')).toBe('2025-09-30');
  expect(requests.some(({ pathname }) => pathname.endsWith('/forecast'))).toBe(false);
});

test('an unknown parameter is a notice, and the old address of the list leads to it', async () => {
  route(all);
  renderBilling('billing/?perriod=30d');
  expect(await screen.findByText('A part of this address is not used')).toBeVisible();
  expect(screen.getByText(/The page does not use: perriod/)).toBeVisible();
});

test('the list of projects had the address of the overview before', async () => {
  route(all);
  const { location } = renderBilling('billing/?search=web');
  await screen.findByRole('heading', { level: 1, name: 'Projects' });
  expect(location()).toMatchObject({ pathname: '/manage-organization/billing/projects', search: '?search=web' });
});

test('an unknown path has an empty page with a way back', async () => {
  route(all);
  renderBilling('billing/nothing');
  expect(await screen.findByRole('heading', { name: 'This page does not exist' })).toBeVisible();
});

const LIST_PRICE = { cost_basis: 'list_price' } as object;

test('missing hours of the period are named in the bar and above the figures', async () => {
  route({ ...all, 'trend?compare': json(success(trend(), { incomplete_hours: 649 })) });
  renderBilling('billing/');
  const named = await screen.findAllByText(/649 hours of the period are incomplete/);
  expect(named).toHaveLength(2);
  expect(screen.getByText(/Usage up to/)).toHaveTextContent('649 hours of the period are incomplete');
});

test('on a plan, the forecast and the chart name list prices', async () => {
  route({ ...all, 'trend?compare': json(success(trend(), LIST_PRICE)) });
  renderBilling('billing/');
  expect(await screen.findByText('At the end of the month, at list price')).toBeVisible();
  expect(await screen.findByText('Cost since the first day, at list price')).toBeVisible();
});

test('on a plan, the list of projects and the page of a project name list prices', async () => {
  route({ ...all, '/projects': json(success(acme, LIST_PRICE)) });
  renderBilling('billing/projects');
  expect(await screen.findByText(/these amounts are what the usage costs at list prices/)).toBeVisible();
});

test('an invoiced amount that cannot be loaded is named, and can be tried again', async () => {
  route({
    ...all,
    'trend?compare': json(success(trend(), LIST_PRICE)),
    '/statement': json(failure('Internal server error'), 500),
  });
  renderBilling('billing/');
  const failed = await screen.findByText('This could not be loaded: Billing had an internal error');
  expect(failed.closest('dd')?.parentElement).toHaveTextContent('Invoiced for this month');
});

test('whoever may not create a budget has no link to set one', async () => {
  const budgets = { budgets: [], may_create: false, scope: { organization: 'acme', namespaces: ['acme-web'] } };
  route({ ...all, '/budgets': json(success(budgets)) });
  renderBilling('billing/');
  expect(await screen.findByText('None for this scope')).toBeVisible();
  expect(screen.queryByRole('link', { name: 'Set a budget' })).not.toBeInTheDocument();
});
