/** The statements in Chromium. */
import {
  ADJUSTMENTS,
  months,
  OWN_MONTHS,
  PARTLY_ON_PLAN,
  STATEMENT_ANSWERS,
  STATEMENT_DATA,
  statementOf,
} from './answers';
import { data, error, silence } from './api';
import { type State, testStates, WIDE_AND_PHONE } from './run';
import { text } from './texts';

const LIST = '/billing/statements?organization=acme';
const of = (period: string) => `/billing/statements/${period}?organization=acme`;
const MONTH = of('2026-09');

const ofMember = { invoiced: undefined, fees: undefined, scope: { organization: 'acme', namespaces: ['acme-web'] } };

const STATES: State[] = [
  { name: 'statements', path: LIST, text: text('statements.provisional') },
  {
    name: 'statements-member',
    path: LIST,
    answers: {
      '/statements': months({ months: OWN_MONTHS, scope: ofMember.scope }),
    },
    text: text('statements.subtitleMember'),
  },
  {
    name: 'statements-none',
    path: LIST,
    answers: { '/statements': months({ months: [] }) },
    text: text('statements.emptyTitle'),
  },
  {
    name: 'statements-loading',
    path: LIST,
    answers: { '/statements': silence },
    text: text('common.loading'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'statements-unavailable',
    path: LIST,
    answers: { '/statements': error(503, 'Billing service unreachable') },
    text: text('common.unavailableTitle'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'statements-not-offered',
    path: LIST,
    answers: { '/statements': error(501, 'Not offered by this installation', {}, 'not_offered') },
    text: text('common.notOfferedTitle'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'statements-not-started',
    path: LIST,
    answers: { '/statements': error(404, 'Billing has not started', {}, 'billing_not_started') },
    text: text('common.notStartedTitle'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'statements-guest',
    path: LIST,
    answers: { '/statements': error(403, 'Billing access denied') },
    text: text('common.guestTitle'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'statement',
    path: MONTH,
    text: text('statements.closedBody'),
    prepare: (page, language) =>
      page.getByRole('button', { name: text('statements.showParts', { project: 'acme-ci' })[language] }).click(),
  },
  { name: 'statement-open', path: of('2026-11'), text: text('statements.openBody') },
  { name: 'statement-provisional', path: of('2026-10'), text: text('statements.provisionalBody') },
  {
    name: 'statement-adjustments',
    path: MONTH,
    answers: {
      'period=2026-09': statementOf({
        ...PARTLY_ON_PLAN,
        adjustments: ADJUSTMENTS,
        rounding: 0.01,
        unrated_lines: 2,
        other_currencies: [
          {
            currency: 'JPY',
            projects: STATEMENT_DATA.projects.slice(0, 1),
            rounding: 0,
            usage_total: 250,
            unrated_lines: 0,
            adjustments_total: 0,
          },
        ],
      }),
    },
    text: text('statements.adjustmentsHint'),
  },
  {
    name: 'statement-member',
    path: MONTH,
    answers: { 'period=2026-09': statementOf(ofMember) },
    text: text('statements.noInvoice'),
  },
  {
    name: 'statement-loading',
    path: MONTH,
    answers: { 'period=2026-09': silence },
    text: text('common.loading'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'statement-stale',
    path: MONTH,
    answers: { 'period=2026-09': data(STATEMENT_DATA, { stale: true }, { Age: '840' }) },
    text: text('common.staleBody'),
  },
  {
    name: 'statement-failed',
    path: MONTH,
    answers: { 'period=2026-09': error(500, 'Internal server error') },
    text: text('common.failedTitle'),
    widths: WIDE_AND_PHONE,
  },
  { name: 'statement-no-month', path: of('2026-13'), text: text('statements.notAMonthTitle') },
];

testStates(STATES, STATEMENT_ANSWERS);
