import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

import type { Plan } from '../../src/app/ManageOrganization/Billing/sections/plan/planData';
import { example } from '../examples';
import { acme, failure, success } from '../fixtures';
import { answerEach, json, renderBilling } from '../render';

const PLAN = 'GET /api/billing/organization/plan';
const QUOTE = 'POST /api/billing/quote';
const PROJECTS = { 'GET /api/billing/projects': json(success(acme)) };

function plan(part: Partial<Plan> = {}) {
  const body = example<Plan>('plan');
  return json({ ...body, data: { ...body.data, ...part } });
}

test('the plan has its price, its add-ons and the fees of the month', async () => {
  answerEach({ ...PROJECTS, [PLAN]: plan() });
  renderBilling('billing/plan');
  expect(await screen.findByText('Pro Pool')).toBeVisible();
  expect(screen.getByText('€49.00 per month')).toBeVisible();
  expect(screen.getByText('1 × turbo-x1')).toBeVisible();
  expect(screen.getByText('Fees of November 2026')).toBeVisible();
  expect(screen.getAllByText('€58.00')).toHaveLength(2);
});

test('two add-ons of a kind have the price of one and of both', async () => {
  const addons = example<Plan>('plan').data.addons.map((one) => ({ ...one, quantity: 2, monthly_price: 9 }));
  answerEach({ ...PROJECTS, [PLAN]: plan({ addons }) });
  renderBilling('billing/plan');
  expect(await screen.findByText('2 × turbo-x1')).toBeVisible();
  expect(screen.getByText('€9.00 per month for one, €18.00 for all 2')).toBeVisible();
});

test('each dimension has what is requested of the limit, and the day on which it runs out', async () => {
  answerEach({ ...PROJECTS, [PLAN]: plan() });
  renderBilling('billing/plan');
  const pool = await screen.findByRole('grid', { name: 'The pool, by dimension' });
  const row = (name: string) => within(pool).getByText(name).closest('tr') as HTMLElement;
  expect(within(row('CPU')).getByRole('progressbar', { name: 'CPU' })).toHaveAttribute('aria-valuetext', '7 of 10');
  expect(row('CPU')).toHaveTextContent('January 10, 2027');
  expect(row('CPU')).toHaveTextContent('likely December 26, 2026 – January 29, 2027');
  expect(row('Memory')).toHaveTextContent('Not within 90 days');
  expect(row('Public IPv4')).toHaveTextContent('Nothing is left');
  expect(row('Pods')).toHaveTextContent('Unknown'); // the use of pods is not metered: it is not 0
});

test('advice names what is full first, and is not given to a project-user', async () => {
  answerEach({ ...PROJECTS, [PLAN]: plan() });
  renderBilling('billing/plan');
  const items = (await screen.findByText(/^Public IPv4: nothing is left/)).closest('ul') as HTMLElement;
  expect(
    within(items)
      .getAllByRole('listitem')
      .map((item) => item.textContent),
  ).toEqual([
    expect.stringContaining('Public IPv4: nothing is left'),
    'CPU: the requests reach the limit on January 10, 2027, if they go on as before.',
  ]);
});

test('there is no advice where nothing is measured: "nothing to do" would be wrong', async () => {
  const { data } = example<Plan>('plan');
  const unknown = { requested: null, used: null, left: null, exhausted_on: null, exhaustion: null, projects: [] };
  const dimensions = data.quota.dimensions.map((one) => ({ ...one, ...unknown }));
  answerEach({ ...PROJECTS, [PLAN]: plan({ quota: { ...data.quota, source: 'none', dimensions } }) });
  renderBilling('billing/plan');
  expect(await screen.findByText(/^How much of the quota is taken is not known/)).toBeInTheDocument();
  expect(screen.queryByRole('heading', { name: 'Advice' })).not.toBeInTheDocument();
});

test('a project-user sees the shared limit and the own projects, and no prices', async () => {
  const { data } = example<Plan>('plan');
  const dimensions = data.quota.dimensions.map((one) => ({
    ...one,
    left: null,
    exhausted_on: null,
    exhaustion: null,
    projects: one.projects.filter(({ namespace }) => namespace === 'acme-web'),
  }));
  const { fees, monthly_price, ...own } = data;
  expect([fees, monthly_price]).not.toContain(undefined);
  answerEach({
    ...PROJECTS,
    [PLAN]: json({
      ...example('plan'),
      data: {
        ...own,
        plan: { id: 'pro-pool', name: 'Pro Pool' },
        addons: [],
        quota: { ...data.quota, dimensions },
        scope: { organization: 'acme', namespaces: ['acme-web'] },
      },
    }),
  });
  renderBilling('billing/plan');
  expect(await screen.findByText(/An administrator of the organization sees them/)).toBeVisible();
  expect(screen.queryByText('Runs out')).not.toBeInTheDocument();
  expect(screen.queryByRole('heading', { name: 'Advice' })).not.toBeInTheDocument();
  expect(within(screen.getByRole('grid', { name: 'By project' })).queryByText('acme-data')).not.toBeInTheDocument();
});

test('in the scope of a project the table has that one only, and a way to all', async () => {
  answerEach({ ...PROJECTS, [PLAN]: plan() });
  renderBilling('billing/plan?project=acme-web');
  const table = await screen.findByRole('grid', { name: 'By project' });
  expect(within(table).queryByText('acme-data')).not.toBeInTheDocument();
  await userEvent.click(screen.getByRole('button', { name: 'Show all projects' }));
  expect(await within(table).findByText('acme-data')).toBeVisible();
});

test('an organization that pays by usage reads that it has no plan', async () => {
  answerEach({ ...PROJECTS, [PLAN]: plan({ plan: null, addons: [] }) });
  renderBilling('billing/plan');
  expect(await screen.findByText('The organization has no plan')).toBeVisible();
  expect(screen.getByText('What the projects of acme request and use')).toBeVisible();
});

test('a quote sends only what was entered, and shows the cost and the plan that is enough', async () => {
  const sent = answerEach({ ...PROJECTS, [PLAN]: plan(), [QUOTE]: json(example('quote')) });
  renderBilling('billing/plan');
  await userEvent.type(await screen.findByRole('textbox', { name: 'CPU' }), '4');
  await userEvent.type(screen.getByRole('textbox', { name: 'Memory' }), '8Gi');
  await userEvent.type(screen.getByRole('textbox', { name: 'Public IP addresses' }), '1');
  await userEvent.click(screen.getByRole('button', { name: 'Show the cost' }));
  expect(await screen.findByRole('heading', { name: '€134.90 per month' })).toBeVisible();
  expect(sent.find(({ method }) => method === 'POST')?.body).toEqual({
    resources: [{ kind: 'VirtualMachine', cpu: '4', memory: '8Gi', public_ips: 1, hours_per_month: 730, count: 1 }],
  });
  expect(screen.getByText('It does not fit into the plan')).toBeVisible();
  expect(screen.getByText('Too little is left of: CPU, Storage, and Public IPv4.')).toBeVisible();
  expect(screen.getByText(/Scale Pool, €99.00 per month. This is €41.00 more than now/)).toBeVisible();
  expect(screen.getByText(/This is what it would cost by list price/)).toBeVisible();
});

test('a mistake in a resource is shown at its field', async () => {
  const errors = [{ pointer: '/resources/0/memory', message: 'is required' }];
  answerEach({
    ...PROJECTS,
    [PLAN]: plan(),
    [QUOTE]: json(failure('/resources/0/memory: is required', { errors }), 422),
  });
  renderBilling('billing/plan');
  await userEvent.click(await screen.findByRole('button', { name: 'Show the cost' }));
  const memory = await screen.findByRole('textbox', { name: 'Memory', description: /is required/ });
  expect(memory).toBeInvalid();
  expect(screen.getByText('There is no result')).toBeVisible();
});

const YAML = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {replicas: 2}
---
apiVersion: v1
kind: Service
metadata: {name: web}
`;

test('pasted manifests are sent without what has no price, which is named', async () => {
  const sent = answerEach({ ...PROJECTS, [PLAN]: plan(), [QUOTE]: json(example('quote')) });
  renderBilling('billing/plan?quote=paste');
  await userEvent.click(await screen.findByRole('textbox', { name: 'Kubernetes manifests, YAML or JSON' }));
  await userEvent.paste(YAML);
  await userEvent.click(screen.getByRole('button', { name: 'Show the cost' }));
  expect(await screen.findByText(/^Not in the quote: Service web\./)).toBeInTheDocument();
  expect(await screen.findByRole('heading', { name: '€134.90 per month' })).toBeVisible();
  expect(sent.find(({ method }) => method === 'POST')?.body).toEqual({
    resources: [{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 2 } }],
  });
});

test('a mistake in YAML is named with its line', async () => {
  const sent = answerEach({ ...PROJECTS, [PLAN]: plan() });
  renderBilling('billing/plan?quote=paste');
  await userEvent.click(await screen.findByRole('textbox', { name: 'Kubernetes manifests, YAML or JSON' }));
  await userEvent.paste('kind: Pod\nspec: {a: [1}\n');
  await userEvent.click(screen.getByRole('button', { name: 'Show the cost' }));
  expect(await screen.findByText(/^Line 2: /)).toBeVisible();
  expect(sent.filter(({ method }) => method === 'POST')).toEqual([]);
});

test('a mistake in a manifest is named with the manifest and the place in it', async () => {
  const errors = [{ pointer: '/resources/0/spec/template', message: 'is required' }];
  answerEach({ ...PROJECTS, [PLAN]: plan(), [QUOTE]: json(failure('text', { errors }), 422) });
  renderBilling('billing/plan?quote=paste');
  await userEvent.click(await screen.findByRole('textbox', { name: 'Kubernetes manifests, YAML or JSON' }));
  await userEvent.paste(YAML);
  await userEvent.click(screen.getByRole('button', { name: 'Show the cost' }));
  expect(await screen.findByText('Deployment web: /spec/template: is required')).toBeVisible();
});

test('without a plan, a project-user reads that these are the own projects', async () => {
  const { data } = example<Plan>('plan');
  const scope = { ...data.scope, namespaces: ['acme-ci', 'acme-web'] };
  answerEach({ ...PROJECTS, [PLAN]: plan({ plan: null, addons: [], scope }) });
  renderBilling('billing/plan');
  expect(await screen.findByText('What your projects in acme request and use')).toBeVisible();
});
