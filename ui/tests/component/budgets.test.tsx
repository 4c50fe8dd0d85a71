import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

import { loadTexts } from '../../src/app/ManageOrganization/Billing/i18n';
import type { Budget, BudgetList } from '../../src/app/ManageOrganization/Billing/queries/useBudgets';
import type {
  BudgetHistory,
  BudgetPreview,
} from '../../src/app/ManageOrganization/Billing/sections/budgets/budgetQueries';
import { decimalOf, decimalText } from '../../src/app/ManageOrganization/Billing/sections/budgets/decimal';
import { example, first } from '../examples';
import { acme, failure, success } from '../fixtures';
import { answerEach, inTurn, json, renderBilling } from '../render';

const BUDGETS = '/api/billing/budgets';
const listed = example<BudgetList>('list_budgets');
const budget = first(listed.data.budgets);
const ONE = `${BUDGETS}/${budget.id}`;
const ETAG = { ETag: '"3-a"' };
const CHOICES = 'GET /api/billing/budgets/channels';
const SETTINGS = '/api/billing/budgets/settings';
const settings = (project_users_write: boolean, etag: string) =>
  json(success({ project_users_write }), 200, { ETag: etag });
const CHANNELS = { [CHOICES]: json(success({ channels: [] })), [`GET ${SETTINGS}`]: settings(false, '"0.a"') };
const BASE = { 'GET /api/billing/projects': json(success(acme)), ...CHANNELS };
const HISTORY = { [`GET ${ONE}/history`]: json(example<BudgetHistory>('get_budget_history')) };

const listOf = (part: Partial<BudgetList>) => json({ ...listed, data: { ...listed.data, ...part } });
const one = (part: Partial<Budget> = {}) => json({ ...listed, data: { ...budget, ...part } }, 200, ETAG);

test('a budget has what is spent, its forecast, how likely it is exceeded and the state of each threshold', async () => {
  answerEach({ ...BASE, [`GET ${BUDGETS}`]: listOf({}) });
  renderBilling('billing/budgets');
  const row = (await screen.findByRole('link', { name: 'acme-web' })).closest('tr') as HTMLElement;
  expect(row).toHaveTextContent('Project acme-web');
  expect(row).toHaveTextContent('€500.00 per month');
  expect(within(row).getByRole('progressbar')).toHaveAttribute('aria-valuetext', '€412.34 of €500.00');
  expect(row).toHaveTextContent('€561.20');
  expect(row).toHaveTextContent('97% likely, first on Nov 27, 2026');
  expect(row).toHaveTextContent('Fired 80% spent since November 19, 2026');
  expect(row).toHaveTextContent('Fired 100% forecast, at 80% since November 16, 2026');
});

test('a figure that cannot be decided has its reason, and is not 0', async () => {
  if (budget.current === null) {
    throw new Error('The example has no figures');
  }
  const current = {
    ...budget.current,
    spent: null,
    forecast: null,
    breach_probability: null,
    expected_breach_date: null,
    reason: 'price_missing',
  };
  answerEach({ ...BASE, [`GET ${BUDGETS}`]: listOf({ budgets: [{ ...budget, current }] }) });
  renderBilling('billing/budgets');
  const row = (await screen.findByRole('link', { name: 'acme-web' })).closest('tr') as HTMLElement;
  expect(row).toHaveTextContent('Some usage has no price, so what is spent is not known.');
  expect(within(row).queryByRole('progressbar')).not.toBeInTheDocument();
  expect(row).not.toHaveTextContent('€0.00');
});

test.each([
  ['forecast_pending', 'The forecast of the newest hour is being made. It appears here soon.'],
  ['reason_of_a_newer_api', 'A part of these figures is not known yet.'],
])('the reason %s has a text, and never its name in the API', async (reason, text) => {
  const current = { ...budget.current, forecast: null, reason } as Budget['current'];
  answerEach({ ...BASE, [`GET ${BUDGETS}`]: listOf({ budgets: [{ ...budget, current }] }) });
  renderBilling('billing/budgets');
  const row = (await screen.findByRole('link', { name: 'acme-web' })).closest('tr') as HTMLElement;
  expect(row).toHaveTextContent(text);
  expect(row).not.toHaveTextContent(reason);
});

test('without a budget there is a way to create one, for those who may', async () => {
  answerEach({ ...BASE, [`GET ${BUDGETS}`]: listOf({ budgets: [] }) });
  renderBilling('billing/budgets');
  expect(await screen.findByRole('link', { name: 'New budget' })).toBeVisible();
});

test('a project-user who may not write reads who can create a budget', async () => {
  answerEach({ ...BASE, [`GET ${BUDGETS}`]: listOf({ budgets: [], may_create: false }) });
  renderBilling('billing/budgets');
  expect(await screen.findByText(/An administrator of your organization can create one/)).toBeVisible();
  expect(screen.queryByRole('link', { name: 'New budget' })).not.toBeInTheDocument();
});

test('an installation without budgets has a page for it', async () => {
  answerEach({ ...BASE, [`GET ${BUDGETS}`]: json({ ...failure('Not offered'), code: 'not_offered' }, 501) });
  renderBilling('billing/budgets');
  expect(await screen.findByRole('heading', { name: 'Not offered by this installation' })).toBeVisible();
});

test('a budget whose share is not known has its amounts and no bar: an empty one would be 0 %', async () => {
  if (budget.current === null) {
    throw new Error('The example has no figures');
  }
  const { spent_ratio, ...current } = budget.current;
  expect(spent_ratio).toBeDefined();
  answerEach({ ...BASE, [`GET ${BUDGETS}`]: listOf({ budgets: [{ ...budget, current }] }) });
  renderBilling('billing/budgets');
  expect(await screen.findByText('€412.34 of €500.00')).toBeVisible();
  expect(screen.queryByRole('progressbar')).not.toBeInTheDocument();
  expect(screen.queryByText('0%')).not.toBeInTheDocument();
});

test('of more than 50 budgets, the first ones are shown, and all on demand', async () => {
  const budgets = Array.from({ length: 60 }, (_, index) => ({
    ...budget,
    id: `${budget.id.slice(0, -2)}${index + 10}`,
    name: `Budget ${index}`,
  }));
  answerEach({ ...BASE, [`GET ${BUDGETS}`]: listOf({ budgets }) });
  renderBilling('billing/budgets');
  await userEvent.click(await screen.findByRole('button', { name: 'Show all 60 rows' }));
  expect(screen.getByText('Budget 59')).toBeVisible();
});

test('a new budget is sent with exact numbers, and its preview shows when it would have warned', async () => {
  const preview = example<BudgetPreview>('preview_budget');
  const sent = answerEach({
    ...BASE,
    ...HISTORY,
    [`GET ${BUDGETS}`]: listOf({}),
    [`POST ${BUDGETS}/preview`]: json(preview),
    [`POST ${BUDGETS}`]: json({ ...listed, data: budget }, 201, ETAG),
    [`GET ${ONE}`]: one(),
  });
  const { location } = renderBilling('billing/budgets/new?project=acme-web');
  await userEvent.type(await screen.findByRole('textbox', { name: 'Name' }), 'web');
  await userEvent.type(screen.getByRole('textbox', { name: 'Amount in EUR' }), '500.10');
  expect(screen.getByText('€500.10 for each period')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Remove threshold 2' }));
  await userEvent.click(screen.getByRole('button', { name: 'Show it' }));
  expect(await screen.findByText('80% spent: would have warned on September 26.')).toBeVisible();
  expect(
    screen.getByText(/^100% forecast, at 80%: would have warned on September 14\. 1 of them in vain/),
  ).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Create the budget' }));
  expect(await screen.findByRole('heading', { level: 1, name: 'acme-web' })).toBeVisible();
  expect(location().pathname).toBe(`/manage-organization/billing/budgets/${budget.id}`);
  const posts = sent.filter(({ method }) => method === 'POST');
  expect(posts[1]?.body).toEqual({
    name: 'web',
    scope: { kind: 'project', namespace: 'acme-web' },
    amount: 500.1,
    currency: 'EUR',
    period: 'month',
    thresholds: [
      { basis: 'actual', percent: 80 },
      { basis: 'forecast', percent: 100, probability: 0.8 },
    ],
    channels: [],
    notify_on: ['firing', 'resolved'],
    rollover: false,
  });
  expect(posts[1]?.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f-]{36}$/);
});

test('the mistake of a threshold is at its field', async () => {
  const errors = [{ pointer: '/thresholds/1', message: 'is equal to /thresholds/0' }];
  answerEach({
    ...BASE,
    [`GET ${BUDGETS}`]: listOf({}),
    [`POST ${BUDGETS}`]: json({ ...failure('text', { errors }), code: 'invalid_body' }, 422),
  });
  renderBilling('billing/budgets/new');
  await userEvent.click(await screen.findByRole('button', { name: 'Create the budget' }));
  expect(await screen.findByRole('textbox', { name: 'At', description: /is equal to/ })).toBeInvalid();
});

test('a mistake is German on the German page, with the rule of the API', async () => {
  await loadTexts('de');
  const errors = [
    { pointer: '/name', message: 'Field required', code: 'required' },
    { pointer: '/amount', message: 'must be above 0', code: 'range' },
  ];
  answerEach({
    ...BASE,
    [`GET ${BUDGETS}`]: listOf({}),
    [`POST ${BUDGETS}`]: json({ ...failure('text', { errors }), code: 'invalid_body' }, 422),
  });
  renderBilling('billing/budgets/new');
  await userEvent.click(await screen.findByRole('button', { name: 'Budget anlegen' }));
  expect(await screen.findByText('Diese Angabe fehlt.')).toBeVisible();
  expect(screen.getByText('Das liegt nicht im erlaubten Bereich.')).toBeVisible();
  expect(screen.getByText('(must be above 0)')).toHaveAttribute('lang', 'en');
  expect(screen.queryByText(/Field required/)).toBeNull();
  await loadTexts('en');
});

test('a change keeps the scope and has the version; after a 412 the newest version is offered', async () => {
  const changed = { ...failure('The resource has changed'), code: 'precondition_failed' };
  const sent = answerEach({ ...BASE, [`GET ${ONE}`]: one(), [`PUT ${ONE}`]: json(changed, 412) });
  renderBilling(`billing/budgets/${budget.id}/change`);
  const amount = await screen.findByRole('textbox', { name: 'Amount in EUR' });
  expect(amount).toHaveValue('500');
  expect(screen.getByText('For: Project acme-web')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByRole('button', { name: 'Load the newest version' })).toBeVisible();
  const put = sent.find(({ method }) => method === 'PUT');
  expect(put?.headers.get('If-Match')).toBe('"3-a"');
  expect(put?.body).toMatchObject({ scope: { kind: 'project', namespace: 'acme-web' }, channels: budget.channels });
});

test('a budget in an earlier currency is changed into the currency of the organization', async () => {
  const meta = { ...listed.meta, currency: 'DEM', currency_digits: 2 };
  const old = json({ ...listed, meta, data: { ...budget, currency: 'DEM' } }, 200, ETAG);
  const sent = answerEach({ ...BASE, [`GET ${ONE}`]: old, [`PUT ${ONE}`]: json(failure('text'), 503) });
  renderBilling(`billing/budgets/${budget.id}/change`);
  expect(await screen.findByRole('textbox', { name: 'Amount in EUR' })).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(sent.find(({ method }) => method === 'PUT')?.body).toMatchObject({ currency: 'EUR' });
});

test('whoever may write chooses channels by their names', async () => {
  const channels = [
    { id: budget.channels[0], name: 'operations', kind: 'webhook', enabled: true },
    { id: '5b0c4d5e-3b1f-4f0a-8a51-0f8e1c5a7d22', name: 'night shift', kind: 'email', enabled: false },
  ];
  const sent = answerEach({
    ...BASE,
    ...HISTORY,
    [CHOICES]: json(success({ channels })),
    [`GET ${ONE}`]: one(),
    [`PUT ${ONE}`]: one(),
  });
  renderBilling(`billing/budgets/${budget.id}/change`);
  expect(await screen.findByRole('checkbox', { name: 'operations' })).toBeChecked();
  const night = screen.getByRole('checkbox', { name: 'night shift' });
  expect(night).toHaveAccessibleDescription('E-mail, Off');
  await userEvent.click(night);
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  const ids = channels.map(({ id }) => id);
  expect(sent.find(({ method }) => method === 'PUT')?.body).toMatchObject({ channels: ids });
  expect(await screen.findByText('operations')).toBeVisible(); // the name, in the view of the budget
});

test('an org-admin lets project-users write, with the version that was read', async () => {
  const sent = answerEach({
    ...BASE,
    [`GET ${BUDGETS}`]: listOf({ scope: { organization: 'acme', namespaces: null } }),
    [`GET ${SETTINGS}`]: inTurn(settings(false, '"0.a"'), settings(true, '"1.b"')),
    [`PUT ${SETTINGS}`]: settings(true, '"1.b"'),
  });
  renderBilling('billing/budgets');
  const allow = await screen.findByRole('switch', { name: /Whoever works in a project may write/ });
  expect(allow).not.toBeChecked();
  await userEvent.click(allow);
  await waitFor(() => {
    expect(sent.filter(({ path }) => path === SETTINGS)).toHaveLength(3);
  });
  expect(allow).toBeChecked();
  const put = sent.find(({ method }) => method === 'PUT');
  expect([put?.body, put?.headers.get('If-Match')]).toEqual([{ project_users_write: true }, '"0.a"']);
});

test('a setting that has changed in the meantime is read again', async () => {
  const changed = json({ ...failure('The resource has changed'), code: 'precondition_failed' }, 412);
  answerEach({
    ...BASE,
    [`GET ${BUDGETS}`]: listOf({ scope: { organization: 'acme', namespaces: null } }),
    [`GET ${SETTINGS}`]: inTurn(settings(false, '"0.a"'), settings(true, '"1.b"')),
    [`PUT ${SETTINGS}`]: changed,
  });
  renderBilling('billing/budgets');
  const allow = await screen.findByRole('switch', { name: /Whoever works in a project may write/ });
  await userEvent.click(allow);
  await userEvent.click(await screen.findByRole('button', { name: 'Load the newest version' }));
  await waitFor(() => {
    expect(allow).toBeChecked();
  });
  expect(screen.queryByRole('button', { name: 'Load the newest version' })).not.toBeInTheDocument();
});

test('a project-user has no setting, and sends no request for it', async () => {
  const sent = answerEach({
    ...BASE,
    [`GET ${BUDGETS}`]: listOf({ scope: { organization: 'acme', namespaces: ['acme-web'] } }),
  });
  renderBilling('billing/budgets');
  await screen.findByRole('link', { name: 'acme-web' });
  expect(screen.queryByRole('switch')).not.toBeInTheDocument();
  expect(sent.filter(({ path }) => path === SETTINGS)).toEqual([]);
});

test('the history has each change with what changed, and each warning', async () => {
  answerEach({ ...BASE, ...HISTORY, [`GET ${ONE}`]: one() });
  renderBilling(`billing/budgets/${budget.id}`);
  const table = await screen.findByRole('grid', { name: 'History' });
  expect(within(table).getAllByRole('row').length).toBeGreaterThan(1);
  expect(table).toHaveTextContent(/80% spent: fired/);
  expect(table).toHaveTextContent(/(Created|Changed) by/);
});

test('a reader has no button to change or delete', async () => {
  answerEach({ ...BASE, ...HISTORY, [`GET ${ONE}`]: one({ may_change: false }) });
  renderBilling(`billing/budgets/${budget.id}`);
  expect(await screen.findByText(/You can read this budget/)).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Delete' })).not.toBeInTheDocument();
  expect(screen.queryByRole('link', { name: 'Change' })).not.toBeInTheDocument();
});

test.each([
  ['1234.5', 'en', 1234.5],
  ['1,234', 'en', '1,234'],
  ['1234,5', 'de', 1234.5],
  ['1.234', 'de', '1.234'],
  ['12.50', 'de', 12.5],
  ['', 'de', ''],
  ['1e3', 'en', '1e3'],
  ['-5', 'en', '-5'],
])('%j typed in %s is %j: a thousands separator is never guessed', (text, language, value) => {
  expect(decimalOf(text, language)).toBe(value);
});

test('a number goes into a field without a thousands separator', () => {
  expect([decimalText(1234.5, 'de'), decimalText(1234.5, 'en')]).toEqual(['1234,5', '1234.5']);
});

test('whoever may not create a budget gets no form', async () => {
  answerEach({ ...BASE, [`GET ${BUDGETS}`]: listOf({ may_create: false }) });
  renderBilling('billing/budgets/new');
  expect(await screen.findByRole('heading', { name: 'You may not create a budget' })).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Create the budget' })).not.toBeInTheDocument();
});

test('a link to a deleted budget has a page that states it, with a way to the list', async () => {
  const gone = json({ ...failure('Not found'), code: 'not_found' }, 404, { 'X-Request-Id': 'r-1' });
  answerEach({ ...BASE, [`GET ${ONE}`]: gone, [`GET ${ONE}/history`]: gone });
  renderBilling(`billing/budgets/${budget.id}?organization=acme`);
  expect(await screen.findByRole('heading', { name: 'It does not exist any more' })).toBeVisible();
  expect(screen.getByRole('link', { name: 'Go to the list of budgets' })).toHaveAttribute(
    'href',
    '/manage-organization/billing/budgets?organization=acme',
  );
  expect(screen.queryByText(/Internal error|r-1/)).not.toBeInTheDocument();
});

test('the bar of budgets has no period, which would change nothing there', async () => {
  answerEach({ ...BASE, [`GET ${BUDGETS}`]: listOf({}) });
  renderBilling('billing/budgets?period=30d');
  expect(await screen.findByRole('combobox', { name: 'Scope' })).toBeVisible();
  expect(screen.queryByRole('combobox', { name: 'Period' })).not.toBeInTheDocument();
});
