import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';

import type { Months, Statement } from '../../src/app/ManageOrganization/Billing/sections/statements/statementQueries';
import { example } from '../examples';
import { acme, failure, success } from '../fixtures';
import { answerEach, json, renderBilling } from '../render';

const MONTHS = 'GET /api/billing/organization/trend?granularity=month&limit=1';
const statementOf = (period: string) => `GET /api/billing/organization/statement?period=${period}`;

function months(namespaces: string[] | null = null) {
  const bucket = (month: number, state: string) => ({
    from: `2026-${String(month).padStart(2, '0')}-01T00:00:00.000Z`,
    to: `2026-${String(month + 1).padStart(2, '0')}-01T00:00:00.000Z`,
    state,
  });
  const data: Pick<Months, 'scope'> & { buckets: unknown[] } = {
    scope: { organization: 'acme', namespaces },
    buckets: [bucket(7, 'no_data'), bucket(8, 'complete'), bucket(9, 'no_data'), bucket(10, 'running')],
  };
  return json({ ...success(data), meta: { as_of: null, stale: false, time_zone: 'UTC' } });
}

function statement(part: Partial<Statement> = {}, meta: Record<string, unknown> = {}) {
  const body = example<Statement>('statement');
  return { ...body, data: { ...body.data, ...part }, meta: { ...body.meta, ...meta } };
}

test('the list has each month since the first usage with its state, the usage and what is invoiced', async () => {
  answerEach({
    [MONTHS]: months(),
    [statementOf('2026-10')]: json(statement({ usage_total: 12.5 }, { period_state: 'open' })),
    [statementOf('2026-09')]: json(failure('Internal server error'), 500),
    [statementOf('2026-08')]: json(statement({}, { period_state: 'closed' })),
  });
  renderBilling('billing/statements');
  const august = (await screen.findByRole('link', { name: 'August 2026' })).closest('tr') as HTMLElement;
  expect(await within(august).findByText('Final')).toBeVisible();
  expect(within(august).getAllByText('€898.59')).toHaveLength(2);
  const october = screen.getByRole('link', { name: 'October 2026' }).closest('tr') as HTMLElement;
  expect(within(october).getByText('Running')).toBeVisible();
  expect(within(october).getByText('€12.50')).toHaveTextContent('so far');
  const september = screen.getByRole('link', { name: 'September 2026' }).closest('tr') as HTMLElement;
  expect(await within(september).findByText('Could not be loaded')).toBeVisible();
  expect(screen.queryByRole('link', { name: 'July 2026' })).not.toBeInTheDocument();
});

test('a project-user has no column of what is invoiced', async () => {
  const own = { scope: { organization: 'acme', namespaces: ['acme-web'] } };
  const { invoiced, fees, ...data } = statement(own).data;
  expect(invoiced).toBeDefined();
  expect(fees).toBeDefined();
  const answer = json({ ...statement(), data });
  answerEach({
    [MONTHS]: months(['acme-web']),
    ...Object.fromEntries(['2026-08', '2026-09', '2026-10'].map((period) => [statementOf(period), answer])),
  });
  renderBilling('billing/statements');
  expect(await screen.findByText('What your projects cost in each month')).toBeVisible();
  expect(screen.queryByText('Invoiced')).not.toBeInTheDocument();
  await userEvent.click(screen.getByRole('link', { name: 'August 2026' }));
  expect(await screen.findByText(/An administrator of the organization sees it/)).toBeVisible();
});

test('on a plan, what is invoiced and what the usage would cost are two named figures', async () => {
  const fee = {
    kind: 'plan' as const,
    id: 'pro-pool',
    quantity: 1,
    currency: 'EUR',
    monthly_price: 49,
    hours: 361,
    amount: 24.568055556,
    from: '2026-09-01T00:00:00.000Z',
    to: '2026-09-16T01:00:00.000Z',
  };
  const invoiced = { fees: 24.57, usage: 410.1, adjustments: -3.33, total: 431.34 };
  answerEach({ [statementOf('2026-09')]: json(statement({ fees: [fee], invoiced }, { cost_basis: 'list_price' })) });
  renderBilling('billing/statements/2026-09');
  const table = await screen.findByRole('grid', { name: 'What is invoiced' });
  expect(table).toHaveTextContent('Plan pro-poolSep 1 – 16, 2026361€49.00€24.568055556');
  expect(within(table).getByRole('row', { name: /^Invoiced amount/ })).toHaveTextContent('€431.34');
  expect(within(table).getByRole('row', { name: /^Adjustments/ })).toHaveTextContent('-€3.33');
  expect(screen.getByText('Usage at list price: €898.59')).toBeVisible();
  expect(screen.getByText(/It is not invoiced/)).toBeVisible();
});

test('the parts of a project open, and rounding is a line only where there is some', async () => {
  answerEach({ [statementOf('2026-09')]: json(statement({ rounding: 0.01 })) });
  renderBilling('billing/statements/2026-09');
  const table = await screen.findByRole('grid', { name: 'Usage by project' });
  expect(within(table).getByRole('row', { name: /Rounding/ })).toHaveTextContent('€0.01');
  await userEvent.click(within(table).getByRole('button', { name: 'Parts of acme-ci' }));
  expect(await screen.findByText('3,210.2032 core hours')).toBeVisible();
});

test('an adjustment is a line with its reason, its exact amount and the month it corrects', async () => {
  const adjustment = {
    id: 'a',
    namespace: 'acme-web',
    sku: 'cpu_core_hour',
    quantity: -12.5,
    currency: 'EUR',
    amount: -0.40625,
    reason: 'late samples',
    refers_to: { period: '2026-07', hour: null, workload: 'api' },
    created_at: '2026-09-03T08:00:00.000Z',
  };
  const credit = { ...adjustment, id: 'b', namespace: null, quantity: null, sku: null, refers_to: null, amount: -10 };
  answerEach({ [statementOf('2026-09')]: json(statement({ adjustments: [adjustment, credit] })) });
  renderBilling('billing/statements/2026-09');
  const rows = within(await screen.findByRole('grid', { name: 'Adjustments' })).getAllByRole('row');
  expect(rows[1]).toHaveTextContent('acme-weblate samplescpu_core_hourJuly 2026api-12.5-€0.40625September 3, 2026');
  expect(rows[2]).toHaveTextContent('Organizationlate samplesNo usage–-€10.00');
});

test('the statement is saved as the CSV of the API', async () => {
  const file = () => Promise.resolve(new Response('row\r\n', { headers: { 'Content-Type': 'text/csv' } }));
  const sent = answerEach({
    [statementOf('2026-09')]: json(statement()),
    'GET /api/billing/organization/statement?format=csv&period=2026-09': file,
  });
  const createObjectURL = vi.fn<(file: Blob) => string>(() => 'blob:x');
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL, revokeObjectURL: () => undefined }));
  renderBilling('billing/statements/2026-09');
  await userEvent.click(await screen.findByRole('button', { name: 'Download as CSV' }));
  await vi.waitFor(() => {
    expect(createObjectURL).toHaveBeenCalledTimes(1);
  });
  expect(sent.at(-1)?.headers.get('Accept')).toContain('text/csv');
});

test.each(['2026-13', 'latest'])(
  'an address with %s instead of a month has a page for it, and sends nothing',
  async (period) => {
    const sent = answerEach({});
    renderBilling(`billing/statements/${period}`);
    expect(await screen.findByRole('heading', { name: 'This is not a month with a statement' })).toBeVisible();
    expect(sent).toEqual([]);
  },
);

test('usage without a price is a warning', async () => {
  answerEach({ [statementOf('2026-09')]: json(statement({ unrated_lines: 2 })) });
  renderBilling('billing/statements/2026-09');
  expect(await screen.findByText('2 lines of usage have no price')).toBeVisible();
});

test('an organization without usage sees when the first statement comes', async () => {
  answerEach({
    [MONTHS]: json({ ...success({ scope: { organization: acme.organization, namespaces: null }, buckets: [] }) }),
  });
  renderBilling('billing/statements');
  expect(await screen.findByRole('heading', { name: 'No statement yet' })).toBeVisible();
});
