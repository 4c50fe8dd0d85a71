/** The plan and the quote in Chromium. */
import { expect, type Page } from '@playwright/test';

import { PLAN_ANSWERS, PLAN_DATA, planOf } from './answers';
import { data, error, silence } from './api';
import { type State, testStates, WIDE_AND_PHONE } from './run';
import { type Language, text } from './texts';

const PLAN = '/billing/plan?organization=acme';
const PASTE = `${PLAN}&quote=paste`;

const ofMember = {
  plan: { id: 'pro-pool', name: 'Pro Pool' },
  addons: [],
  fees: undefined,
  monthly_price: undefined,
  scope: { organization: 'acme', namespaces: ['acme-web'] },
};

function dimensions(part: object) {
  return { quota: { ...PLAN_DATA.quota, dimensions: PLAN_DATA.quota.dimensions.map((one) => ({ ...one, ...part })) } };
}

const showCost = (page: Page, language: Language) =>
  page.getByRole('button', { name: text('plan.getQuote')[language] }).click();

const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {replicas: 2}
---
apiVersion: v1
kind: Service
metadata: {name: web}
`;
const paste = async (page: Page, language: Language) => {
  await page.getByRole('textbox', { name: text('plan.manifests')[language] }).fill(MANIFEST);
  await showCost(page, language);
};

const STATES: State[] = [
  {
    name: 'plan',
    path: PLAN,
    text: text('plan.runsOutNow'),
    check: (page) => expect(page.locator('.pf-v6-c-expandable-section__content input').first()).toBeHidden(),
  },
  {
    name: 'plan-of-project',
    path: `${PLAN}&project=acme-web`,
    text: text('plan.onlyProject', { namespace: 'acme-web' }),
  },
  {
    name: 'plan-member',
    path: PLAN,
    answers: { '/plan': planOf({ ...ofMember, ...dimensions({ left: null, exhaustion: null, exhausted_on: null }) }) },
    text: text('plan.pricesForAdmin'),
  },
  {
    name: 'plan-none',
    path: PLAN,
    answers: {
      '/plan': planOf({
        plan: null,
        addons: [],
        subscription: { state: 'none', since: null, suspended: false },
        ...dimensions({ plan: null, addons: null, entitled: null, enforced: null, limit: null, left: null }),
      }),
    },
    text: text('plan.noPlanTitle'),
  },
  {
    name: 'plan-suspended',
    path: PLAN,
    answers: {
      '/plan': planOf({
        plan: null,
        subscription: { state: 'suspended', since: '2026-11-02T10:00:00.000Z', suspended: true },
        ...dimensions({ exhaustion: null, exhausted_on: null }),
      }),
    },
    text: text('plan.suspendedTitle'),
  },
  {
    name: 'plan-not-measured',
    path: PLAN,
    answers: {
      '/plan': planOf({
        quota: {
          ...dimensions({ requested: null, used: null, left: null, exhaustion: null, exhausted_on: null, projects: [] })
            .quota,
          source: 'none',
          last_updated: null,
        },
      }),
    },
    text: text('plan.poolNone'),
  },
  { name: 'plan-quote', path: PLAN, text: text('plan.fitsNotTitle'), prepare: showCost },
  {
    name: 'plan-quote-mistakes',
    path: PLAN,
    answers: {
      '/quote': error(
        422,
        'The body is not valid',
        {
          errors: [
            { pointer: '/resources/0/cpu', message: 'is required' },
            { pointer: '/resources/0/memory', message: 'is required' },
          ],
        },
        'invalid_body',
      ),
    },
    text: text('common.formNotAnswered'),
    prepare: showCost,
  },
  { name: 'plan-paste', path: PASTE, text: text('plan.readAs'), prepare: paste },
  {
    name: 'plan-paste-refused',
    path: PASTE,
    answers: {
      '/quote': error(
        422,
        'The body is not valid',
        {
          errors: [
            { pointer: '/resources/0/spec/template/spec/containers/0/resources/requests/cpu', message: 'is required' },
          ],
        },
        'invalid_body',
      ),
    },
    text: /\/spec\/template\/spec/,
    prepare: paste,
  },
  {
    name: 'plan-loading',
    path: PLAN,
    answers: { '/plan': silence },
    text: text('common.loading'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'plan-stale',
    path: PLAN,
    answers: { '/plan': data(PLAN_DATA, { stale: true }, { Age: '840' }) },
    text: text('common.staleBody'),
  },
  {
    name: 'plan-not-offered',
    path: PLAN,
    answers: { '/plan': error(501, 'Not offered by this installation', {}, 'not_offered') },
    text: text('common.notOfferedTitle'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'plan-unavailable',
    path: PLAN,
    answers: { '/plan': error(503, 'Billing service unreachable') },
    text: text('common.unavailableTitle'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'plan-failed',
    path: PLAN,
    answers: { '/plan': error(500, 'Internal server error') },
    text: text('common.failedTitle'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'plan-not-started',
    path: PLAN,
    answers: { '/plan': error(404, 'Billing has not started', {}, 'billing_not_started') },
    text: text('common.notStartedTitle'),
    widths: WIDE_AND_PHONE,
  },
  {
    name: 'plan-guest',
    path: PLAN,
    answers: { '/plan': error(403, 'Billing access denied'), '/projects': error(403, 'Billing access denied') },
    text: text('common.guestTitle'),
    widths: WIDE_AND_PHONE,
  },
];

testStates(STATES, PLAN_ANSWERS);
