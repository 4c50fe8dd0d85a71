/** Nothing moves when the data arrives: each section, with one response after the other. */
import { expect, test } from '@playwright/test';

import { type Example, example } from '../examples';
import * as explore from '../exploreTrends';
import { acme, overview } from '../fixtures';
import { observeShifts, shiftsOf } from '../shifts';
import { forecast, history, trend } from '../trends';
import { type Answer, data, routeApi } from './api';
import { routeProvider } from './provider';

const LARGEST_SHIFT = 0.02;

const late =
  (milliseconds: number, answer: Answer): Answer =>
  async (route) => {
    await new Promise((done) => setTimeout(done, milliseconds));
    return answer(route);
  };
const asInDocs = (operation: string): Answer => {
  const { data: body, meta } = example<Record<string, unknown>>(operation) satisfies Example<unknown>;
  return data(body, meta);
};

const replies: Record<string, Answer> = {
  '/organization/explain': late(300, data(explore.organizationExplanation(), explore.TREND_META)),
  '/explain': late(300, data(explore.explanation(), explore.TREND_META)),
  '/overview': late(300, data(overview())),
  'trend?compare': late(900, data(trend())),
  '/trend': late(1200, data(history())),
  '/forecast': late(600, data(forecast())),
  '/budgets': late(700, asInDocs('list_budgets')),
  '/channels': late(900, asInDocs('list_channels')),
  '/plan': late(500, asInDocs('plan')),
  '/statements': late(500, asInDocs('list_statements')),
  '/statement': late(500, asInDocs('get_statement')),
};
const explored = { ...replies, '/trend': late(700, data(explore.trend({ others: 12 }), explore.TREND_META)) };
const listPrice = { cost_basis: 'list_price' };
const onAPlan = {
  ...replies,
  'trend?compare': late(900, data(trend(), listPrice)),
  '/projects': late(400, data(acme, listPrice)),
};

interface View {
  name: string;
  path: string;
  /** Is there when all data has arrived. */
  last: string | RegExp;
  more?: Record<string, Answer>;
}

const VIEWS: View[] = [
  { name: 'overview', path: '', last: 'Unusual days' },
  { name: 'overview on a plan', path: '', last: 'Unusual days', more: onAPlan },
  { name: 'overview of a project', path: '?project=acme-web', last: 'Unusual days' },
  { name: 'overview of 90 days', path: '?period=90d', last: 'Unusual days' },
  { name: 'explore', path: 'explore?period=2025-09-01..2025-09-30', last: /largest part/, more: explored },
  { name: 'projects', path: 'projects', last: /^€87\.19/ },
  { name: 'a project', path: 'projects/acme-web', last: '€989.45' },
  { name: 'budgets', path: 'budgets', last: /of €/ },
  { name: 'plan', path: 'plan', last: 'Storage' },
  { name: 'statements', path: 'statements', last: 'CSV' },
];

for (const [device, size] of [
  ['a screen', { width: 1280, height: 900 }],
  ['a phone', { width: 390, height: 844 }],
] as const) {
  for (const { name, path, last, more } of VIEWS) {
    test(`${name} on ${device}: nothing moves when the data arrives`, async ({ page }) => {
      await page.setViewportSize(size);
      await observeShifts(page);
      await routeProvider(page);
      await routeApi(page, late(400, data(acme)), more ?? replies);
      await page.goto(`/billing/${path}${path.includes('?') ? '&' : '?'}organization=acme`);
      await expect(page.getByText(last).first()).toBeVisible();
      await page.waitForTimeout(1500); // later responses, and the chart
      const shifts = await shiftsOf(page);
      const sum = shifts.reduce((total, { value }) => total + value, 0);
      test.info().annotations.push({ type: 'layout shift', description: sum.toFixed(4) });
      expect(sum, JSON.stringify(shifts, null, 1)).toBeLessThanOrEqual(LARGEST_SHIFT);
    });
  }
}
