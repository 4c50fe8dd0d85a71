import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';

import type {
  Month,
  Months,
  Statement,
} from '../../src/app/ManageOrganization/Billing/sections/statements/statementQueries';
import { example, first } from '../examples';
import { answerEach, json, renderBilling } from '../render';

const MONTHS = 'GET /api/billing/organization/statements';
const statementOf = (period: string) => `GET /api/billing/organization/statement?period=${period}`;

function months(part: Partial<Months> = {}) {
  const { data, ...rest } = example<Months>('list_statements');
  return json({ ...rest, data: { ...data, ...part } });
}

const month = (period: string, part: Partial<Month> = {}): Month => ({
  ...first(example<Months>('list_statements').data.months),
  period,
  ...part,
});

function statement(part: Partial<Statement> = {}, meta: Record<string, unknown> = {}) {
  const body = example<Statement>('get_statement');
  return { ...body, data: { ...body.data, ...part }, meta: { ...body.meta, ...meta } };
}

test('the list has each month since the first usage with its state, the usage and what is invoiced', async () => {
  const listed = [
    month('2026-10', { usage_total: 12.5, invoiced_total: 61.5, cost_basis: 'list_price' }),
    month('2026-09', { state: 'provisional', usage_total: 898.59, invoiced_total: 895.26 }),
    month('2026-08', { state: 'closed', currency: 'JPY', currency_digits: 0, usage_total: 400, invoiced_total: 400 }),
  ];
  const sent = answerEach({ [MONTHS]: months({ months: listed }) });
  renderBilling('billing/statements');
  const rowOf = async (name: string) =>
    (await screen.findByRole('link', { name })).closest('tr')?.textContent.replaceAll('\u00a0', ' ');
  expect(await rowOf('October 2026')).toBe('October 2026Running€12.50 so far€61.50 CSV');
  expect(await rowOf('September 2026')).toBe('September 2026Provisional€898.59 €895.26 CSV');
  expect(await rowOf('August 2026')).toBe('August 2026Final¥400 ¥400 CSV');
  expect(sent.map(({ path }) => path)).toEqual(['/api/billing/organization/statements']);
});

test('a project-user has no column of what is invoiced', async () => {
  const own = { scope: { organization: 'acme', namespaces: ['acme-web'] } };
  const { invoiced, fees, ...data } = statement(own).data;
  expect(invoiced).toBeDefined();
  expect(fees).toBeDefined();
  const answer = json({ ...statement(), data });
  const { invoiced_total, ...listed } = month('2026-08');
  expect(invoiced_total).toBeDefined();
  const scope = { organization: 'acme', namespaces: ['acme-web'] };
  answerEach({ [MONTHS]: months({ months: [listed], scope }), [statementOf('2026-08')]: answer });
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
  expect(screen.getByText('Usage at list price:')).toHaveTextContent('Usage at list price: €898.59');
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
  const planned = { ...adjustment, id: 'c', invoiced: false };
  const yen = {
    ...{ currency: 'JPY', projects: [], rounding: 0, usage_total: 0, unrated_lines: 0 },
    adjustments_total: -300,
  };
  answerEach({
    [statementOf('2026-09')]: json(
      statement({
        ...{ adjustments: [adjustment, credit, planned], adjustments_total: -10.41, other_currencies: [yen] },
        adjustments_rest: [{ currency: 'EUR', rows: 2720, amount: -0.5 }],
      }),
    ),
  });
  renderBilling('billing/statements/2026-09');
  const rows = within(await screen.findByRole('grid', { name: 'Adjustments' })).getAllByRole('row');
  expect(rows[1]).toHaveTextContent('acme-weblate samplescpu_core_hourJuly 2026api-12.5-€0.40625September 3, 2026');
  expect(rows[2]).toHaveTextContent('Organizationlate samplesNo usage–-€10.00');
  expect(rows[3]).toHaveTextContent('-€0.40625Not invoiced: an hour with a plan');
  expect(rows[4]).toHaveTextContent('2720 more adjustments-€0.50');
  expect(rows[5]).toHaveTextContent('Total-€10.41');
  expect(rows[6]).toHaveTextContent('Total-¥300');
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
    [MONTHS]: months({ months: [month('2026-10', { usage_total: 0, invoiced_total: 0 })] }),
  });
  renderBilling('billing/statements');
  expect(await screen.findByRole('heading', { name: 'No statement yet' })).toBeVisible();
});
