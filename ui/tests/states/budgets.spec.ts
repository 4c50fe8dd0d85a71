/** Budgets, channels and failed deliveries in Chromium. */
import type { Page } from '@playwright/test';

import { example } from '../examples';
import { BUDGET, BUDGET_ANSWERS, budgetList, CHANNEL_CHOICES, CHANNEL_ID, oneBudget } from './answers';
import { data, error, readAndChange, silence } from './api';
import { type State, testStates, WIDE_AND_PHONE } from './run';
import { type Language, text } from './texts';

const at = (path: string) => `/billing/budgets${path}?organization=acme`;
const LIST = at('');
const ONE = at(`/${BUDGET.id}`);
const NEW = at('/new');
const adminsOnly = error(403, 'Organization administrator required', {}, 'org_admin_required');

const press = (key: string, values?: Record<string, number>) => (page: Page, language: Language) =>
  page
    .getByRole('button', { name: text(key, values)[language] })
    .first()
    .click();

const fillIn = async (page: Page, language: Language) => {
  await page.getByRole('textbox', { name: text('budgets.name')[language] }).fill('Everything in a month');
  await page.getByRole('textbox', { name: text('budgets.amount', { currency: 'EUR' })[language] }).fill('500');
};

const showPreview = async (page: Page, language: Language) => {
  await fillIn(page, language);
  await press('budgets.removeThreshold', { number: 2 })(page, language);
  await press('budgets.showPreview')(page, language);
  await page.getByRole('button', { name: text('budgets.previewTable')[language] }).click();
};

const STATES: State[] = [
  { name: 'budgets', path: LIST, text: text('budgets.breachNow') },
  {
    name: 'budgets-of-project',
    path: `${LIST}&project=acme-ci`,
    text: text('budgets.noBudgetsOfScope', { namespace: 'acme-ci' }),
  },
  {
    name: 'budgets-none',
    path: LIST,
    answers: { '/budgets': budgetList({ budgets: [] }) },
    text: text('budgets.noBudgetsTitle'),
  },
  {
    name: 'budgets-none-member',
    path: LIST,
    answers: { '/budgets': budgetList({ budgets: [], may_create: false }) },
    text: text('budgets.noBudgetsBodyMember'),
  },
  {
    name: 'budgets-loading',
    path: LIST,
    answers: { '/budgets': silence },
    text: text('common.loading'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'budgets-stale',
    path: LIST,
    answers: { '/budgets': data(example('list_budgets').data, { stale: true }, { Age: '840' }) },
    text: text('common.staleBody'),
  },
  {
    name: 'budgets-not-offered',
    path: LIST,
    answers: { '/budgets': error(501, 'Not offered by this installation', {}, 'not_offered') },
    text: text('common.notOfferedTitle'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'budgets-unavailable',
    path: LIST,
    answers: { '/budgets': error(503, 'Billing service unreachable') },
    text: text('common.unavailableTitle'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'budgets-failed',
    path: LIST,
    answers: { '/budgets': error(500, 'Internal server error') },
    text: text('common.failedTitle'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'budgets-not-started',
    path: LIST,
    answers: { '/budgets': error(404, 'Billing has not started', {}, 'billing_not_started') },
    text: text('common.notStartedTitle'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'budgets-guest',
    path: LIST,
    answers: { '/budgets': error(403, 'Billing access denied'), '/projects': error(403, 'Billing access denied') },
    text: text('common.guestTitle'),
    widths: WIDE_AND_PHONE,
  },
  { name: 'budget-new', path: NEW, text: text('budgets.inVain'), prepare: showPreview },
  {
    name: 'budget-new-mistakes',
    path: NEW,
    answers: {
      '/budgets/channels': CHANNEL_CHOICES,
      '/budgets': readAndChange(
        budgetList(),
        error(
          422,
          'The body is not valid',
          {
            errors: [
              { pointer: '/name', message: 'is used by another budget' },
              { pointer: '/thresholds/1', message: 'is equal to /thresholds/0' },
              { pointer: '/notify_on', message: 'has too few items' },
            ],
          },
          'invalid_body',
        ),
      ),
    },
    text: text('common.formInvalid'),
    prepare: async (page, language) => {
      await fillIn(page, language);
      await press('budgets.createBudget')(page, language);
    },
  },
  {
    name: 'budget-changed',
    path: at(`/${BUDGET.id}/change`),
    answers: {
      [`/budgets/${BUDGET.id}`]: readAndChange(
        oneBudget(),
        error(412, 'The resource has changed', {}, 'precondition_failed'),
      ),
    },
    text: text('common.formChangedTitle'),
    prepare: press('common.save'),
  },
  { name: 'budget', path: ONE, text: text('budgets.history') },
  {
    name: 'budget-read-only',
    path: ONE,
    answers: {
      [`/budgets/${BUDGET.id}/history`]: data({ id: BUDGET.id, entries: [] }),
      [`/budgets/${BUDGET.id}`]: oneBudget({ may_change: false, channels: [] }),
    },
    text: text('budgets.readOnly'),
  },
  {
    name: 'budget-delete',
    path: ONE,
    text: text('budgets.deleteBudgetBody'),
    prepare: press('common.delete'),
    isWindow: true,
  },
  { name: 'channels', path: at('/channels'), text: 'alerts in Slack' },
  {
    name: 'channels-none',
    path: at('/channels'),
    answers: { '/channels': data({ channels: [] }) },
    text: text('budgets.noChannelsTitle'),
  },
  {
    name: 'channels-member',
    path: at('/channels'),
    answers: { '/channels': adminsOnly },
    text: text('common.adminTitle'),
  },
  {
    name: 'channels-test-failed',
    path: at('/channels'),
    answers: { '/test': error(503, 'Billing service unreachable') },
    text: text('budgets.testFailed'),
    prepare: press('budgets.test'),
  },
  {
    name: 'channel-new',
    path: at('/channels/new'),
    text: text('budgets.signingSecretHint'),
    prepare: press('budgets.makeSecret'),
  },
  { name: 'channel', path: at(`/channels/${CHANNEL_ID}`), text: text('budgets.secretKept') },
  { name: 'deliveries', path: at('/deliveries'), text: 'finance' },
  {
    name: 'deliveries-none',
    path: at('/deliveries'),
    answers: { '/deliveries': data({ deliveries: [] }) },
    text: text('budgets.noDeliveriesTitle'),
  },
];

testStates(STATES, BUDGET_ANSWERS);
