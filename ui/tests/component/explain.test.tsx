import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { example } from '../examples';
import { organizationExplanation } from '../exploreTrends';
import { acme, failure, success } from '../fixtures';
import { json, renderBilling } from '../render';
import { forecast, history, trend } from '../trends';

let requests: URL[] = [];
const replies: Record<string, () => Promise<Response>> = {
  '/projects': json(success(acme)),
  'trend?compare': json(success(trend())),
  '/trend': json(success(history())),
  '/organization/statement': json(example('get_statement')),
  '/organization/plan': json(example('plan')),
  '/billing/budgets': json(example('list_budgets')),
  '/forecast': json(success(forecast())),
  '/organization/explain': json(success(organizationExplanation({ value: 2400, exact: 2399.999, rounding: 0.001 }))),
};

beforeAll(() => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal = function showModal(this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close(this: HTMLDialogElement) {
    this.open = false;
    this.dispatchEvent(new Event('close'));
  };
});

beforeEach(() => {
  requests = [];
  vi.stubGlobal('fetch', (url: URL) => {
    requests.push(url);
    const found = Object.entries(replies).find(([part]) => url.href.includes(part));
    const notOffered = { ...failure('Not offered by this installation'), code: 'not_offered' };
    return found === undefined ? json(notOffered, 501)() : found[1]();
  });
});

async function open(name: string | RegExp) {
  await userEvent.click(await screen.findByRole('button', { name }));
  return within(await screen.findByRole('dialog', { name: 'What this figure is made of' }));
}

test('every figure of the overview opens what it is made of, and its name has the figure and the project', async () => {
  renderBilling('billing/');
  await screen.findByText('likely €2,495 – €2,531');
  const table = await screen.findByRole('table', { name: 'Projects, the largest first' });
  const opens = screen
    .getAllByRole('button', { name: /show what it is made of$/ })
    .map((button) => button.getAttribute('aria-label')?.replace(': show what it is made of', ''));
  expect(opens).toEqual(
    expect.arrayContaining([
      '€2,400.00, This month so far',
      '+€100.00 (+4.4%) compared with the same hours of the period before, This month so far',
      '€2,511, At the end of the month',
      '+€45.50, acme-web',
      '+€26.75, Sat, Sep 13',
      '€87.19, Cost, acme-ci',
      '+€60.00 (+60%), Change, acme-ci',
    ]),
  );
  for (const row of within(table).getAllByRole('row').slice(1)) {
    expect(within(row).getAllByRole('button')).toHaveLength(2);
  }
});

test('the month of the organization has its rows, and the request that gives the same', async () => {
  renderBilling('billing/');
  const drawer = await open('€2,400.00, This month so far: show what it is made of');
  expect(await drawer.findByText('Cost of the month of acme')).toBeVisible();
  expect(drawer.getByRole('row', { name: /Sum of all rows/ })).toHaveTextContent('€2,399.999');
  expect(drawer.getByRole('row', { name: /^The figure/ })).toHaveTextContent('€2,400.00');
  expect(drawer.getByText(/curl .*organization\/explain\?figure=current_month_total/)).toBeVisible();
  await userEvent.click(drawer.getByRole('button', { name: 'Close' }));
  expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
});

test('a forecast has its method, its interval, how wrong it was, and opens what is spent', async () => {
  renderBilling('billing/');
  const drawer = await open(/^€2,511, At the end of the month/);
  expect(drawer.getByText(/weighted mean of eleven models/)).toBeVisible();
  expect(drawer.getByText('With a probability of 80% the month ends within €2,495 – €2,531.')).toBeVisible();
  expect(drawer.getByText(/from 23 past days were wrong by 2% on average, and 83% of the amounts/)).toBeVisible();
  expect(drawer.getByText(/curl .*organization\/forecast\?horizon=month_end&level=80/)).toBeVisible();
  await userEvent.click(drawer.getByRole('button', { name: /^€2,400.00, Spent so far/ }));
  expect(document.activeElement?.closest('dialog')).not.toBeNull();
  expect(await drawer.findByRole('region', { name: 'Rows of the figure, by project' })).toBeVisible();
  expect(requests.at(-1)?.search).toBe('?figure=current_month_total&period=2025-09');
  await userEvent.click(drawer.getByRole('button', { name: 'Back' }));
  expect(drawer.getByText(/weighted mean of eleven models/)).toBeVisible();
});

test('a change has the two figures, each with the rows of its range and project', async () => {
  renderBilling('billing/');
  const drawer = await open(/^\+€45.50, acme-web/);
  expect(drawer.getByRole('row', { name: /^Quantity/ })).toHaveTextContent('+€15.50');
  expect(drawer.getByRole('row', { name: /^Price/ })).toHaveTextContent('+€30.00');
  await userEvent.click(drawer.getByRole('button', { name: /^€100.00, Before/ }));
  await drawer.findByRole('region', { name: 'Rows of the figure, by project' });
  const search = requests.at(-1)?.searchParams;
  expect(Object.fromEntries(search ?? [])).toEqual({
    from: '2025-08-01T00:00:00Z',
    to: '2025-08-29T15:00:00Z',
    include: 'project:acme-web',
  });
});

test('an unusual day has what was expected, and opens the cost of that day', async () => {
  renderBilling('billing/');
  const drawer = await open(/^\+€26.75, Sat, Sep 13/);
  expect(drawer.getByRole('row', { name: /^Range of 99%/ })).toHaveTextContent('€80.11 – €90.02');
  await userEvent.click(drawer.getByRole('button', { name: /^Show the rows/ }));
  await drawer.findByRole('region', { name: 'Rows of the figure, by project' });
  expect(requests.at(-1)?.search).toBe('?from=2025-09-13&to=2025-09-14');
});

test('what is invoiced has its three amounts, and the adjustments their lines', async () => {
  renderBilling('billing/statements/2026-09');
  const drawer = await open(/Invoiced amount: show/);
  expect(await drawer.findByText('Invoiced for September 2026', { selector: 'h3' })).toBeVisible();
  expect(drawer.getByText(/curl .*organization\/statement\?period=2026-09/)).toBeVisible();
  await userEvent.click(drawer.getByRole('button', { name: /Adjustments of September 2026/ }));
  expect(drawer.getByText(/They correct months that are final/)).toBeVisible();
});

test.each([
  ['billing/plan', /, CPU: show/, /The limit is the smaller one/, /curl .*organization\/plan/],
  ['billing/budgets', /, Forecast of the end, /, /Spent is the cost of the usage/, /curl .*budgets\/[0-9a-f-]{36}/],
])('a figure of %s has how it is made, and its request', async (path, name, method, request) => {
  renderBilling(path);
  const [figure] = await screen.findAllByRole('button', { name });
  await userEvent.click(figure ?? document.body);
  const drawer = within(await screen.findByRole('dialog'));
  expect(await drawer.findByText(method)).toBeVisible();
  expect(drawer.getByRole('region', { name: 'Parts of the figure' })).toBeVisible();
  expect(drawer.getByText(request)).toBeVisible();
});

test('an invoiced amount on a plan is not called usage at list prices, and not incomplete', async () => {
  vi.stubGlobal('fetch', (url: URL) => {
    const meta = { cost_basis: 'list_price', complete_through: undefined, incomplete_hours: undefined } as object;
    const { data } = example<object>('get_statement');
    const found = Object.entries({
      ...replies,
      'trend?compare': json(success(trend(), meta)),
      '/organization/statement': json(success(data, meta)),
    }).find(([part]) => url.href.includes(part));
    return found === undefined ? json(failure('Not offered by this installation'), 501)() : found[1]();
  });
  renderBilling('billing/');
  const drawer = await open(/, Invoiced for this month: show/);
  expect(await drawer.findByText(/The amount is the sum of three amounts/)).toBeVisible();
  expect(drawer.queryByText(/list prices/)).not.toBeInTheDocument();
  expect(drawer.queryByText('Usage is not complete yet.')).not.toBeInTheDocument();
});

test('a forecast, whose response states no completeness, is not called incomplete', async () => {
  replies['/forecast'] = json(success(forecast(), { complete_through: undefined, incomplete_hours: undefined }));
  renderBilling('billing/');
  const drawer = await open(/^€2,511, At the end of the month/);
  expect(drawer.getByText(/weighted mean of eleven models/)).toBeVisible();
  expect(drawer.queryByText('Usage is not complete yet.')).not.toBeInTheDocument();
});
