/** The replies of each section in its normal state, from the examples of the API's document. */
import type { BudgetList } from '../../src/app/ManageOrganization/Billing/queries/useBudgets';
import type { Budget } from '../../src/app/ManageOrganization/Billing/sections/budgets/budgetData';
import type { BudgetHistory } from '../../src/app/ManageOrganization/Billing/sections/budgets/budgetQueries';
import type { Channel } from '../../src/app/ManageOrganization/Billing/sections/budgets/channels/channelDraft';
import type { Delivery } from '../../src/app/ManageOrganization/Billing/sections/budgets/channels/channelQueries';
import type { Plan } from '../../src/app/ManageOrganization/Billing/sections/plan/planData';
import type { Months, Statement } from '../../src/app/ManageOrganization/Billing/sections/statements/statementQueries';
import { example, first } from '../examples';
import { explanation, organizationExplanation, trend as exploreTrend, TREND_META } from '../exploreTrends';
import { acme, overview } from '../fixtures';
import { forecast, history, trend } from '../trends';
import { type Answer, data } from './api';

const LIST = example<BudgetList>('list_budgets');
export const META = LIST.meta;
const CHANNEL = first(example<{ channels: Channel[] }>('list_channels').data.channels);
export const BUDGET: Budget = { ...first(LIST.data.budgets), channels: [CHANNEL.id] };
const CURRENT = known(BUDGET.current);
const SPENT = first(BUDGET.thresholds);
const DEAD = first(example<{ deliveries: Delivery[] }>('list_deliveries').data.deliveries);

function known<Value>(value: Value | null): Value {
  if (value === null) {
    throw new Error('The example has null');
  }
  return value;
}

/** One of each kind: firing, in order, exceeded, and without figures. */
export const BUDGETS: Budget[] = [
  BUDGET,
  {
    ...BUDGET,
    id: '2d4f3c1e-0b8f-4a58-9df1-5a7c1f3b9a10',
    name: 'Everything in a quarter',
    scope: { kind: 'organization', namespace: null, label: null },
    amount: 7500,
    period: 'quarter',
    rollover: true,
    thresholds: [
      { ...SPENT, state: 'ok', since: null },
      { ...SPENT, id: 'actual-100', percent: null, amount: 7000, state: 'pending', since: '2026-11-20T10:00:00.000Z' },
    ],
    current: { ...CURRENT, limit: 8123.45, spent: 2210.7, forecast: 6120, breach_probability: 0 },
  },
  {
    ...BUDGET,
    id: '5b1f6a7c-8e0d-4a2e-b7c4-93d0c1e2f4a5',
    name: 'team-search',
    scope: { kind: 'label', namespace: 'acme-data', label: { key: 'app.kubernetes.io/part-of', value: 'search' } },
    amount: 120,
    thresholds: [{ ...SPENT, id: 'actual-100', percent: 100 }],
    current: { ...CURRENT, limit: 120, spent: 151.02, forecast: 190.4, breach_probability: 1 },
  },
  {
    ...BUDGET,
    id: '7d9a1c2b-3e4f-4a5b-8c6d-0e1f2a3b4c5d',
    name: 'acme-gpu',
    scope: { kind: 'project', namespace: 'acme-gpu', label: null },
    amount: 900,
    thresholds: [{ ...SPENT, state: 'resolved' }],
    current: {
      ...CURRENT,
      limit: 900,
      spent: null,
      forecast: null,
      breach_probability: null,
      expected_breach_date: null,
      reason: 'price_missing',
    },
  },
];

export const CHANNELS: Channel[] = [
  CHANNEL,
  channel('finance', '5', { kind: 'email', recipients: ['finance@example.com', 'controlling@example.com'] }, false),
  channel('alerts in Slack', '6', { kind: 'slack' }),
  channel('platform team', '7', { kind: 'teams' }),
  {
    ...channel('cluster', '8', { kind: 'alertmanager', url: 'https://alertmanager.example.com', username: 'billing' }),
    enabled: false,
  },
];

function channel(name: string, digit: string, target: Channel['target'], secret_set = true): Channel {
  return { ...CHANNEL, id: CHANNEL.id.slice(0, -1) + digit, name, target, secret_set };
}

export const DELIVERIES: Delivery[] = [
  DEAD,
  {
    ...DEAD,
    id: '8d0f7780-8536-41ef-855c-f18ad2f91bf8',
    channel_name: 'finance',
    kind: 'email',
    title: 'Budget acme-web: 80 % of 500.00 EUR spent',
    events: 3,
    attempts: 1,
    explanation: 'the mail server refused the message',
    status: null,
  },
];

export const budgetList = (part: Partial<BudgetList> = {}): Answer =>
  data({ ...LIST.data, budgets: BUDGETS, ...part }, META);
export const oneBudget = (part: Partial<Budget> = {}): Answer => data({ ...BUDGET, ...part }, META, { ETag: '"3-a"' });

const projects = data(acme, META);
export const CHANNEL_CHOICES = data(example('list_budget_channels').data);
export const BUDGET_ANSWERS: Record<string, Answer> = {
  [`/budgets/${BUDGET.id}/history`]: data(example<BudgetHistory>('get_budget_history').data, META),
  '/budgets/preview': data(example('preview_budget').data),
  '/budgets/channels': CHANNEL_CHOICES,
  '/budgets/settings': data({ project_users_write: false }, META, { ETag: '"1"' }),
  [`/budgets/${BUDGET.id}`]: oneBudget(),
  '/budgets': budgetList(),
  '/channels/deliveries': data({ deliveries: DELIVERIES }),
  [`/channels/${CHANNEL.id}`]: data(CHANNEL, {}, { ETag: '"1.a"' }),
  '/channels': data({ channels: CHANNELS }),
  '/projects': projects,
};
export const CHANNEL_ID = CHANNEL.id;

const PLAN = example<Plan>('plan');
export const planOf = (part: Partial<Plan> = {}): Answer => data({ ...PLAN.data, ...part }, PLAN.meta);
export const PLAN_DATA = PLAN.data;
export const PLAN_ANSWERS: Record<string, Answer> = {
  '/plan': planOf(),
  '/quote': data(example('quote').data, example('quote').meta),
  '/projects': projects,
};

const STATEMENT = example<Statement>('get_statement');
export const STATEMENT_DATA = STATEMENT.data;
export const statementOf = (part: Partial<Statement> = {}, meta = {}): Answer =>
  data({ ...STATEMENT.data, ...part }, { ...STATEMENT.meta, ...meta });

const MONTHS = example<Months>('list_statements');
/** The newest first, with a month that is closed and in another currency. A project-user has no invoiced amounts. */
export function months(part: Partial<Months> = {}): Answer {
  const closed = { ...first(MONTHS.data.months), period: '2026-07', state: 'closed' as const, currency: 'JPY' };
  const all = [...MONTHS.data.months, { ...closed, currency_digits: 0, usage_total: 400, invoiced_total: 400 }];
  return data({ ...MONTHS.data, months: all, ...part }, MONTHS.meta);
}
export const OWN_MONTHS = MONTHS.data.months.map((month) => ({ ...month, invoiced_total: undefined }));

const FEE = {
  kind: 'plan' as const,
  id: 'pro-pool',
  quantity: 1,
  currency: 'EUR',
  monthly_price: 49,
  hours: 361,
  amount: 24.568055556,
  from: '2026-11-01T00:00:00.000Z',
  to: '2026-11-16T01:00:00.000Z',
};
/** The month in which the plan ended: fees and usage. */
export const PARTLY_ON_PLAN: Partial<Statement> = {
  period: '2026-11',
  fees: [FEE, { ...FEE, kind: 'addon', id: 'turbo-x1', quantity: 2, monthly_price: 18, amount: 9.025 }],
  invoiced: { fees: 33.59, usage: 410.1, adjustments: -10.41, total: 433.28 },
};
const ADJUSTMENT: Statement['adjustments'][number] = {
  id: 'a',
  namespace: 'acme-web',
  sku: 'cpu_core_hour',
  quantity: -12.5,
  currency: 'EUR',
  amount: -0.40625,
  reason: 'late samples of a node that was replaced',
  refers_to: { period: '2026-07', hour: '2026-07-14T08:00:00.000Z', workload: 'Deployment/shop-frontend' },
  created_at: '2026-09-03T08:00:00.000Z',
};
export const ADJUSTMENTS: Statement['adjustments'] = [
  ADJUSTMENT,
  {
    ...ADJUSTMENT,
    id: 'b',
    namespace: null,
    sku: null,
    quantity: null,
    amount: -10,
    reason: 'credit for the outage of 12 September',
    refers_to: null,
  },
];

export const STATEMENT_ANSWERS: Record<string, Answer> = {
  '/statements': months(),
  'period=2026-11': statementOf(PARTLY_ON_PLAN, { period_state: 'open', cost_basis: 'list_price' }),
  'period=2026-10': statementOf({ period: '2026-10' }, { period_state: 'provisional' }),
  'period=2026-09': statementOf(),
  'period=2026-08': statementOf({ period: '2026-08' }),
  '/projects': projects,
};

/** Of the month that the trend and the forecast are of. */
const OF_THE_MONTH: Budget = {
  ...BUDGET,
  name: 'Everything in a month',
  scope: { kind: 'organization', namespace: null, label: null },
  amount: 2450,
  thresholds: [SPENT],
  current: { ...CURRENT, limit: 2450, spent: 2400, breach_probability: 1, expected_breach_date: '2025-09-30' },
};

export const OVERVIEW_ANSWERS: Record<string, Answer> = {
  'trend?compare': data(trend()),
  '/trend': data(history()),
  '/forecast': data(forecast()),
  '/statement': data({ invoiced: { fees: 58, usage: 0, adjustments: 0, total: 58 }, projects: [] }),
  '/budgets': budgetList({ budgets: [OF_THE_MONTH] }),
  '/projects': data(acme),
};

export const EXPLORE_ANSWERS: Record<string, Answer> = {
  '/trend': data(exploreTrend(), TREND_META),
  '/organization/explain': data(organizationExplanation(), TREND_META),
  '/explain': data(explanation(), TREND_META),
  '/projects': data(acme, TREND_META),
};

export const PROJECT_ANSWERS: Record<string, Answer> = {
  '/overview': data(overview()),
  '/trend': data(history()),
  '/projects': data(acme),
};
