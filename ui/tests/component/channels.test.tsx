import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

import type { Channel } from '../../src/app/ManageOrganization/Billing/sections/budgets/channels/channelDraft';
import type { Delivery } from '../../src/app/ManageOrganization/Billing/sections/budgets/channels/channelQueries';
import { example, first } from '../examples';
import { acme, failure, success } from '../fixtures';
import { answerEach, inTurn, json, renderBilling } from '../render';

const PROJECTS = { 'GET /api/billing/projects': json(success(acme)) };
const LIST = 'GET /api/billing/channels';
const CREATE = 'POST /api/billing/channels';
const ETAG = { ETag: '"1.a"' };
const { channels } = example<{ channels: Channel[] }>('list_channels').data;
const operations = first(channels);
const ONE = `/api/billing/channels/${operations.id}`;
const dead = first(example<{ deliveries: Delivery[] }>('list_deliveries').data.deliveries);

const listed = json(success({ channels }));

test('a channel has its kind and address, and no secret', async () => {
  answerEach({ ...PROJECTS, [LIST]: listed });
  renderBilling('billing/budgets/channels');
  const row = (await screen.findByRole('link', { name: 'operations' })).closest('tr') as HTMLElement;
  expect(row).toHaveTextContent('Webhook');
  expect(row).toHaveTextContent('https://hooks.example.com/billing');
  expect(row).toHaveTextContent('A secret is stored');
});

test('a project-user reads who has access to channels', async () => {
  const refused = { ...failure('Organization administrator required'), code: 'org_admin_required' };
  answerEach({ ...PROJECTS, [LIST]: json(refused, 403) });
  renderBilling('billing/budgets/channels');
  expect(await screen.findByText(/Ask an administrator of your organization/)).toBeVisible();
  expect(screen.queryByRole('link', { name: 'New channel' })).not.toBeInTheDocument();
});

test('a new webhook is created once, also if it is sent again after no response', async () => {
  const created = json(success(operations), 201, ETAG);
  const lost = () => Promise.reject(new TypeError('Failed to fetch'));
  const sent = answerEach({ ...PROJECTS, [LIST]: listed, [CREATE]: inTurn(lost, created) });
  const { location } = renderBilling('billing/budgets/channels/new');
  await userEvent.type(await screen.findByRole('textbox', { name: 'Name' }), 'operations');
  await userEvent.type(screen.getByRole('textbox', { name: 'Address' }), 'https://hooks.example.com/x');
  await userEvent.click(screen.getByRole('button', { name: 'Make a random secret' }));
  const secret = screen.getByRole<HTMLInputElement>('textbox', { name: 'Signing secret' }).value;
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  await userEvent.click(screen.getByRole('button', { name: 'Create the channel' }));
  expect(await screen.findByText(/There was no response. Your entries stay here/)).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Create the channel' }));
  expect(await screen.findByRole('grid', { name: 'Channels' })).toBeVisible();
  expect(location().pathname).toBe('/manage-organization/billing/budgets/channels');
  const posts = sent.filter(({ method }) => method === 'POST');
  expect(posts.map(({ body }) => body)).toEqual([posts[0]?.body, posts[0]?.body]);
  expect(posts[0]?.body).toEqual({
    name: 'operations',
    enabled: true,
    target: { kind: 'webhook', url: 'https://hooks.example.com/x', secret },
  });
  const keys = posts.map(({ headers }) => headers.get('Idempotency-Key'));
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[1]).toBe(keys[0]);
});

test('the mistake of an address is at its field, and a mended body is another request', async () => {
  const errors = [{ pointer: '/target/url', message: 'the address is not public' }];
  const refused = json({ ...failure('text', { errors }), code: 'invalid_body' }, 422);
  const created = json(success(operations), 201, ETAG);
  const sent = answerEach({ ...PROJECTS, [LIST]: listed, [CREATE]: inTurn(refused, created) });
  renderBilling('billing/budgets/channels/new');
  await userEvent.type(await screen.findByRole('textbox', { name: 'Address' }), 'https://10.0.0.1/');
  await userEvent.click(screen.getByRole('button', { name: 'Create the channel' }));
  const field = await screen.findByRole('textbox', { name: 'Address', description: /the address is not public/ });
  expect(field).toBeInvalid();
  await userEvent.type(field, 'x');
  await userEvent.click(screen.getByRole('button', { name: 'Create the channel' }));
  expect(await screen.findByRole('grid', { name: 'Channels' })).toBeVisible();
  const keys = sent.filter(({ method }) => method === 'POST').map(({ headers }) => headers.get('Idempotency-Key'));
  expect(new Set(keys).size).toBe(2);
});

test('a change has the version that was read, keeps the stored secret, and does not replace another change', async () => {
  const changed = json({ ...failure('The resource has changed'), code: 'precondition_failed' }, 412);
  const newest = json(success({ ...operations, name: 'night shift' }), 200, { ETag: '"2.b"' });
  const sent = answerEach({
    ...PROJECTS,
    [LIST]: listed,
    [`GET ${ONE}`]: inTurn(json(success(operations), 200, ETAG), newest),
    [`PUT ${ONE}`]: changed,
  });
  renderBilling(`billing/budgets/channels/${operations.id}`);
  const name = await screen.findByRole('textbox', { name: 'Name' });
  expect(screen.getByText(/A secret is stored and stays/)).toBeVisible();
  await userEvent.type(name, ' 2');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('It was changed in the meantime')).toBeVisible();
  const put = sent.find(({ method }) => method === 'PUT');
  expect(put?.headers.get('If-Match')).toBe('"1.a"');
  expect(put?.body).toEqual({
    name: 'operations 2',
    enabled: true,
    target: { kind: 'webhook', url: 'https://hooks.example.com/billing' },
  });
  await userEvent.click(screen.getByRole('button', { name: 'Load the newest version' }));
  expect(await screen.findByDisplayValue('night shift')).toBeVisible();
});

test('after a change of the address the secret is required again', async () => {
  answerEach({ ...PROJECTS, [`GET ${ONE}`]: json(success(operations), 200, ETAG) });
  renderBilling(`billing/budgets/channels/${operations.id}`);
  await userEvent.type(await screen.findByRole('textbox', { name: 'Address' }), '/new');
  expect(screen.queryByText(/A secret is stored and stays/)).not.toBeInTheDocument();
  expect(screen.getByRole('textbox', { name: 'Signing secret' })).toBeRequired();
});

test('a channel is deleted after a question, with its version', async () => {
  const sent = answerEach({
    ...PROJECTS,
    [LIST]: listed,
    [`GET ${ONE}`]: json(success(operations), 200, ETAG),
    [`DELETE ${ONE}`]: () => Promise.resolve(new Response(null, { status: 204 })),
  });
  renderBilling(`billing/budgets/channels/${operations.id}`);
  await userEvent.click(await screen.findByRole('button', { name: 'Delete' }));
  const dialog = await screen.findByRole('dialog', { name: /Delete the channel operations/ });
  expect(sent.filter(({ method }) => method === 'DELETE')).toEqual([]);
  await userEvent.click(within(dialog).getByRole('button', { name: 'Delete' }));
  expect(await screen.findByRole('grid', { name: 'Channels' })).toBeVisible();
  expect(sent.find(({ method }) => method === 'DELETE')?.headers.get('If-Match')).toBe('"1.a"');
});

test('a test shows whether it was delivered', async () => {
  const test = { ...dead, channel: operations.id, state: 'delivered' as const, explanation: null, status: 200 };
  answerEach({
    ...PROJECTS,
    [LIST]: listed,
    [`POST ${ONE}/test`]: json(success({ ...test, state: 'pending', attempts: 0 }), 202),
    'GET /api/billing/channels/deliveries': json(success({ deliveries: [test] })),
  });
  renderBilling('billing/budgets/channels');
  await userEvent.click(await screen.findByRole('button', { name: 'Send a test to operations' }));
  expect(await screen.findByText('The test was delivered.')).toBeVisible();
});

test('a test that is on its way is read again until it was delivered', async () => {
  const pending = { ...dead, channel: operations.id, state: 'pending' as const, attempts: 0, explanation: null };
  const list = (delivery: Delivery) => json(success({ deliveries: [delivery] }));
  answerEach({
    ...PROJECTS,
    [LIST]: listed,
    [`POST ${ONE}/test`]: json(success(pending), 202),
    'GET /api/billing/channels/deliveries': inTurn(
      ...Array.from({ length: 4 }, () => list(pending)),
      list({ ...pending, state: 'delivered' }),
    ),
  });
  renderBilling('billing/budgets/channels');
  await userEvent.click(await screen.findByRole('button', { name: 'Send a test to operations' }));
  expect(await screen.findByText('The test was delivered.', {}, { timeout: 8000 })).toBeVisible();
});

test('what another tab has changed is read again', async () => {
  answerEach({ ...PROJECTS, [LIST]: inTurn(listed, json(success({ channels: [] }))) });
  renderBilling('billing/budgets/channels');
  expect(await screen.findByRole('link', { name: 'operations' })).toBeVisible();
  const other = new BroadcastChannel('billing.changes');
  other.postMessage({ tab: 'another', changed: 'api/billing/channels' });
  other.close();
  expect(await screen.findByText('No channel yet')).toBeVisible();
});

test('a failed delivery has its reason, and is sent again', async () => {
  const sent = answerEach({
    ...PROJECTS,
    'GET /api/billing/channels/deliveries': json(success({ deliveries: [dead] })),
    [`POST /api/billing/channels/deliveries/${dead.id}/retry`]: json(success({ ...dead, state: 'pending' }), 202),
  });
  renderBilling('billing/budgets/deliveries');
  const row = (await screen.findByText('Test of operations')).closest('tr') as HTMLElement;
  expect(row).toHaveTextContent('the response has another status than 200 to 299 (503)');
  expect(row).toHaveTextContent('31 attempts');
  await userEvent.click(within(row).getByRole('button', { name: /^Send again/ }));
  expect(await screen.findByText('It is on its way again.')).toBeVisible();
  expect(sent.filter(({ method }) => method === 'POST')).toHaveLength(1);
});

test('a link to a deleted channel has a page that states it, with a way to the list', async () => {
  const gone = json({ ...failure('Not found'), code: 'not_found' }, 404);
  answerEach({ ...PROJECTS, [LIST]: listed, [`GET ${ONE}`]: gone });
  renderBilling(`billing/budgets/channels/${operations.id}`);
  expect(await screen.findByRole('heading', { name: 'It does not exist any more' })).toBeVisible();
  expect(screen.getByRole('link', { name: 'Go to the list of channels' })).toBeVisible();
});
