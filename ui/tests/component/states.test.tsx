import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';

import { acme, failure, neverMetered, overview, projectList, success } from '../fixtures';
import { answerWith, json, renderBilling } from '../render';

afterEach(() => {
  vi.useRealTimers();
});

const PROJECT = 'billing/projects/acme-web';

test.each([
  ['no project', 'billing/projects', json(success(projectList([], []))), 'No projects yet'],
  ['a guest', 'billing/projects', json(failure('Billing access denied'), 403), 'You have no access to billing'],
  [
    "another one's project",
    PROJECT,
    json(failure('Access denied to namespace', { namespace: 'acme-web' }), 403),
    'You have no access to this project',
  ],
  [
    'the service away',
    'billing/projects',
    json(failure('Billing service unreachable'), 503),
    'The billing service is not available',
  ],
  ['a gateway page', 'billing/projects', json('Bad gateway', 502), 'The billing service is not available'],
  ['a price missing', PROJECT, json(failure('Billing data incomplete'), 503), 'The figures are not complete'],
  [
    'the provider away',
    'billing/projects',
    json(failure('Identity provider unreachable'), 503),
    'The identity provider is not available',
  ],
  ['a bug', 'billing/projects', json(failure('Internal server error'), 500), 'Internal error'],
  ['an invalid response', 'billing/projects', json({ success: true }), 'Internal error'],
  ['never metered', PROJECT, json(success(neverMetered())), 'No usage was metered yet'],
  [
    'no CORS headers',
    'billing/projects',
    () => Promise.reject(new TypeError('Failed to fetch')),
    'Billing cannot be reached',
  ],
])('%s is a state with a title, and the page keeps its own', async (_what, path, answer, title) => {
  // Each state has a title.
  answerWith(answer);
  renderBilling(path);
  expect(await screen.findByRole('heading', { level: 2, name: new RegExp(title) })).toBeVisible();
  expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent(path === PROJECT ? 'acme-web' : 'Projects');
});

test('a guest gets a text with the contact and no button', async () => {
  answerWith(json(failure('Billing access denied'), 403));
  renderBilling();
  expect(await screen.findByText(/Ask an administrator of your organization/)).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Try again' })).not.toBeInTheDocument();
});

test('a bug shows the request id for support', async () => {
  answerWith(json(failure('Internal server error'), 500, { 'X-Request-Id': '6f1c' }));
  renderBilling();
  expect(await screen.findByText(/Request 6f1c/)).toBeVisible();
});

test('while loading there are skeletons, and after two seconds a text about the start of the functions', async () => {
  vi.useFakeTimers();
  answerWith(() => new Promise(() => undefined));
  renderBilling();
  expect(screen.getByText('Loading the figures')).toBeInTheDocument();
  expect(screen.queryByText(/are starting/)).not.toBeInTheDocument();
  await act(() => vi.advanceTimersByTimeAsync(1999));
  expect(screen.queryByText(/are starting/)).not.toBeInTheDocument();
  await act(() => vi.advanceTimersByTimeAsync(1));
  expect(screen.getByText(/The billing functions are starting/)).toBeVisible();
});

test('a 503 is tried again by itself, and the figures come without a press', async () => {
  vi.useFakeTimers();
  const fetchMock = answerWith(json(failure('Billing service unreachable'), 503));
  renderBilling();
  await act(() => vi.advanceTimersByTimeAsync(100));
  expect(screen.getByText('The page retries automatically.')).toBeVisible();
  expect(fetchMock).toHaveBeenCalledTimes(1);
  fetchMock.mockImplementation(json(success(acme)));
  await act(() => vi.advanceTimersByTimeAsync(2500));
  expect(screen.getByRole('link', { name: 'acme-web' })).toBeVisible();
});

test('Try again sends a request immediately, without waiting for the back-off', async () => {
  const fetchMock = answerWith(json(failure('Billing service unreachable'), 503, { 'Retry-After': '60' }));
  renderBilling();
  const again = await screen.findByRole('button', { name: 'Try again' });
  fetchMock.mockImplementation(json(success(acme)));
  await userEvent.click(again);
  expect(await screen.findByRole('link', { name: 'acme-web' })).toBeVisible();
  expect(fetchMock).toHaveBeenCalledTimes(2);
});

test('an ended session redirects to the login page once, and again by the button', async () => {
  answerWith(json(failure('Authentication token expired'), 401));
  const { session } = renderBilling();
  expect(await screen.findByText('Your session has ended')).toBeVisible();
  expect(session.renewAccessToken).toHaveBeenCalledTimes(1);
  expect(session.signIn.mock.calls).toEqual([['automatic']]);
  await userEvent.click(screen.getByRole('button', { name: 'Log in' }));
  expect(session.signIn).toHaveBeenLastCalledWith('asked');
});

test('a stale response shows its figures and their age', async () => {
  answerWith(json(success(acme, { stale: true }), 200, { Age: '840' }));
  renderBilling();
  expect(await screen.findByText('These figures are 14 minutes old')).toBeVisible();
  expect(screen.getByRole('link', { name: 'acme-web' })).toBeVisible();
});

test('a failed refresh keeps the figures and shows that they are not new', async () => {
  const fetchMock = answerWith(json(success(acme)));
  const { refresh } = renderBilling();
  await screen.findByRole('link', { name: 'acme-web' });
  fetchMock.mockImplementation(json(failure('Billing service unreachable'), 503));
  refresh();
  expect(await screen.findByText('The figures could not be refreshed')).toBeVisible();
  expect(screen.getByRole('link', { name: 'acme-web' })).toBeVisible();
});

test('whoever loses access does not go on seeing what was loaded before', async () => {
  const fetchMock = answerWith(json(success(acme)));
  const { refresh } = renderBilling();
  await screen.findByRole('link', { name: 'acme-web' });
  fetchMock.mockImplementation(json(failure('Billing access denied'), 403));
  refresh();
  expect(await screen.findByText('You have no access to billing')).toBeVisible();
  expect(screen.queryByText('€1,672.31')).not.toBeInTheDocument();
});

test('who is reading when the session ends is not sent away, but may log in', async () => {
  const fetchMock = answerWith(json(success(acme)));
  const { refresh, session } = renderBilling();
  await screen.findByRole('link', { name: 'acme-web' });
  fetchMock.mockImplementation(json(failure('Authentication token expired'), 401));
  refresh();
  expect(await screen.findByText('Your session has ended')).toBeVisible();
  expect(screen.getByRole('link', { name: 'acme-web' })).toBeVisible();
  expect(session.signIn).not.toHaveBeenCalled();
  await userEvent.click(screen.getByRole('button', { name: 'Log in' }));
  expect(session.signIn.mock.calls).toEqual([['asked']]);
});

test('offline, no request is sent and the page shows it', async () => {
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
  const fetchMock = answerWith(() => Promise.reject(new TypeError('Failed to fetch')));
  renderBilling();
  expect(await screen.findByText('You are offline')).toBeVisible();
  expect(fetchMock.mock.calls.length).toBeLessThanOrEqual(1);
});

test('a project shows what its cost is made of, its compute instances and a way back to the same list', async () => {
  answerWith(json(success(overview())));
  const { location } = renderBilling(`${PROJECT}?search=web`);
  const costs = await screen.findByRole('grid', { name: 'Cost by resource, month to date' });
  expect(costs).toHaveTextContent('Memory€445.2326.6%');
  expect(costs).toHaveTextContent('Network€0.000%');
  expect(screen.getByText('8.8 GiB')).toBeVisible();
  await userEvent.click(within(screen.getByRole('navigation', { name: 'Breadcrumb' })).getByRole('link'));
  expect(location()).toMatchObject({ pathname: '/manage-organization/billing/projects', search: '?search=web' });
});

test('copying the link shows its result', async () => {
  const user = userEvent.setup();
  answerWith(json(success(acme)));
  renderBilling();
  await user.click(await screen.findByRole('button', { name: 'Copy link' }));
  expect(await navigator.clipboard.readText()).toBe(window.location.href);
  expect(screen.getByText('Link copied')).toBeInTheDocument();
  vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new DOMException('', 'NotAllowedError'));
  await user.click(screen.getByRole('button', { name: 'Copy link' }));
  expect(await screen.findByText(/Copy the link from the address bar/)).toBeVisible();
});

test('outside a BillingProvider the error names it', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const { render } = await import('@testing-library/react');
  const { MemoryRouter } = await import('react-router');
  const { Billing } = await import('../../src/app/ManageOrganization/Billing/Billing');
  expect(() =>
    render(
      <MemoryRouter>
        <Billing />
      </MemoryRouter>,
    ),
  ).toThrow('BillingProvider');
});

test('the ring is a figure with a name and a sentence that has its finding', async () => {
  answerWith(json(success(overview())));
  renderBilling(PROJECT);
  const ring = await screen.findByRole('figure', { name: 'Cost breakdown' });
  expect(ring).toHaveAccessibleDescription('CPU is the largest part: €989.45, 59.2% of the month.');
});

test('a GPU has a row where it is used', async () => {
  const { cost_breakdown: parts } = overview();
  answerWith(json(success(overview({ cost_breakdown: { ...parts, gpu_cost: 12.5 } }))));
  renderBilling(PROJECT);
  const table = await screen.findByRole('grid', { name: 'Cost by resource, month to date' });
  expect(within(table).getByRole('rowheader', { name: 'GPU' })).toBeVisible();
  expect(within(table).queryByRole('rowheader', { name: 'Other' })).not.toBeInTheDocument();
});

test.each([
  ['without BroadcastChannel', undefined],
  [
    'that refuses a BroadcastChannel',
    function refuse() {
      throw new DOMException('refused', 'SecurityError');
    },
  ],
])('a browser %s shows the page', async (_name, missing) => {
  vi.stubGlobal('BroadcastChannel', missing);
  answerWith(json(success(acme)));
  renderBilling();
  expect(await screen.findByRole('link', { name: 'acme-web' })).toBeVisible();
});

test('the page of a project shows the last month if the period is that month', async () => {
  const fetchMock = answerWith((url) =>
    url.search === '?period=2025-08'
      ? json(
          success({
            ...overview(),
            billing_summary: {
              ...overview().billing_summary,
              billing_period: '2025-08',
              current_month_total: 1201.5,
              last_day_spend: null,
              total_cost_per_hour: null,
            },
          }),
        )()
      : json(success(url.pathname.endsWith('/overview') ? overview() : acme))(),
  );
  renderBilling(`${PROJECT}?period=last-month`);
  expect(await screen.findByText('Cost of Aug 2025')).toBeVisible();
  expect(screen.getAllByText('€1,201.50')).not.toHaveLength(0);
  expect(screen.queryByText(/Month to date/)).not.toBeInTheDocument();
  expect(screen.queryByText('Compute instances')).not.toBeInTheDocument();
  expect(fetchMock).toHaveBeenCalled();
});

test('the page of a project has a notice for a period that is not a month', async () => {
  answerWith((url) => json(success(url.pathname.endsWith('/overview') ? overview() : acme))());
  renderBilling(`${PROJECT}?period=30d`);
  expect(await screen.findByText(/This page has complete months. It shows the running month/)).toBeVisible();
});

test('in the section Projects, a scope of one project is the page of that project', async () => {
  answerWith((url) => json(success(url.pathname.endsWith('/overview') ? overview() : acme))());
  const { location } = renderBilling('billing/projects?project=acme-web&period=last-month&sort=namespace');
  expect(await screen.findByRole('heading', { level: 1, name: 'acme-web' })).toBeVisible();
  expect(location()).toMatchObject({
    pathname: '/manage-organization/billing/projects/acme-web',
    search: '?period=last-month&sort=namespace',
  });
  expect(screen.getByRole('link', { name: 'Explore', hidden: true })).toHaveAttribute(
    'href',
    '/manage-organization/billing/explore?period=last-month&project=acme-web',
  );
});
