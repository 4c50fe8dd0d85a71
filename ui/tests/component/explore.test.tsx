import { configure, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { first } from '../examples';
import { acme, failure, success } from '../fixtures';
import { renderBilling } from '../render';
import { explanation, organizationExplanation, trend, TREND_META } from '../exploreTrends';

type Answers = Record<string, (url: URL) => Response>;

const response = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const ok = (data: unknown) => response(success(data, TREND_META));

/** The responses by the last part of the path. Returns the addresses that were read. */
function answer(answers: Answers): URL[] {
  const read: URL[] = [];
  const all: Answers = {
    projects: () => ok({ ...acme, scope: { organization: 'acme', namespaces: null } }),
    ...answers,
  };
  vi.stubGlobal('fetch', (url: URL) => {
    read.push(url);
    const isOrganization = url.pathname.endsWith('/organization/explain');
    const answerOf = all[isOrganization ? 'organizationExplain' : (url.pathname.split('/').at(-1) ?? '')];
    return Promise.resolve(answerOf?.(url) ?? response(failure('Not found'), 404));
  });
  return read;
}

const trendReads = (read: readonly URL[]) => read.filter(({ pathname }) => pathname.endsWith('/trend'));
const lastTrend = (read: readonly URL[]) => trendReads(read).at(-1);

const EXPLORE = 'billing/explore?organization=acme&period=2025-09-01..2025-09-30';
const table = (name: string) => within(screen.getByRole('region', { name }));

// The first test loads the section and the chart.
configure({ asyncUtilTimeout: 10_000 });

beforeAll(() => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal = function showModal(this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close(this: HTMLDialogElement) {
    this.open = false;
    this.dispatchEvent(new Event('close'));
  };
});

beforeEach(() => {
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {
        // Nothing has a size here.
      }
      unobserve() {
        // Nothing was observed.
      }
      disconnect() {
        // Nothing was observed.
      }
    },
  );
});

test('the chart states its finding, and the tables have the figures of the API', async () => {
  answer({ trend: () => ok(trend({ others: 3 })) });
  renderBilling(EXPLORE);
  expect(await screen.findByRole('heading', { name: /^Cost by project, .*acme/ })).toBeVisible();
  expect(screen.getByText(/acme-web is the largest part with €302\.25\./)).toBeVisible();
  expect(screen.getByText(/That is €30\.00 more than in the period before/)).toBeVisible();
  const groups = table('Groups of the period');
  const row = groups.getByRole('row', { name: /acme-web/ });
  expect(row).toHaveTextContent('€302.25');
  expect(row).toHaveTextContent('€292.25');
  expect(row).toHaveTextContent('+€10.00');
  expect(groups.getByRole('rowheader', { name: 'Other (3 groups)' })).toBeVisible();
  expect(table('The same figures by bar').getAllByRole('row')).toHaveLength(31);
});

test('the arrow keys read the figures of each bar', async () => {
  answer({ trend: () => ok(trend({ gaps: [1] })) });
  renderBilling(EXPLORE);
  const points = await screen.findByRole('slider', { name: /Points of the chart/ });
  expect(points).toHaveAttribute('aria-valuetext', '30 points. Use the arrow keys to read them.');
  points.focus();
  await userEvent.keyboard('{ArrowRight}');
  expect(points.getAttribute('aria-valuetext')).toContain(
    'acme-web €9.00, acme-data €8.87, acme-ci €8.74, Total €26.61',
  );
  await userEvent.keyboard('{ArrowRight}');
  expect(points.getAttribute('aria-valuetext')).toMatch(/2025: No data/);
  await userEvent.keyboard('{End}');
  expect(points).toHaveAttribute('aria-valuenow', '30');
  await userEvent.keyboard('{Escape}');
  expect(points.getAttribute('aria-valuetext')).toContain('30 points');
});

test('a choice is in the address, and the request has it', async () => {
  const read = answer({ trend: () => ok(trend()) });
  const { location } = renderBilling(EXPLORE);
  await screen.findByRole('heading', { name: /Cost by project/ });
  expect(lastTrend(read)?.search).toBe(
    '?compare=previous&from=2025-09-01&granularity=day&group_by=project&limit=9&to=2025-10-01',
  );
  await userEvent.selectOptions(screen.getByLabelText('Group by'), 'SKU');
  await userEvent.click(screen.getByRole('button', { name: 'Week' }));
  await userEvent.click(screen.getByLabelText('Compare with the period before'));
  expect(new URLSearchParams(location().search)).toEqual(
    new URLSearchParams('organization=acme&period=2025-09-01..2025-09-30&group_by=sku&by=week&compare=no'),
  );
  expect(lastTrend(read)?.search).toBe('?from=2025-09-01&granularity=week&group_by=sku&limit=9&to=2025-10-01');
});

test('a label key is checked before it is used', async () => {
  const read = answer({ trend: () => ok(trend()) });
  renderBilling(EXPLORE);
  await screen.findByRole('heading', { name: /Cost by project/ });
  await userEvent.selectOptions(screen.getByLabelText('Group by'), 'Label');
  await userEvent.type(screen.getByLabelText('Label key'), 'not a key{Enter}');
  expect(screen.getByRole('alert')).toHaveTextContent('A label key has 1 to 63 letters');
  await userEvent.clear(screen.getByLabelText('Label key'));
  await userEvent.type(screen.getByLabelText('Label key'), 'team{Enter}');
  expect(lastTrend(read)?.searchParams.get('group_by')).toBe('label:team');
});

test('a group becomes a chip, and the chip can be removed', async () => {
  const read = answer({ trend: () => ok(trend()) });
  const { location } = renderBilling(EXPLORE);
  await screen.findByRole('heading', { name: /Cost by project/ });
  await userEvent.click(screen.getByRole('button', { name: 'Without acme-ci' }));
  expect(lastTrend(read)?.searchParams.get('exclude')).toBe('project:acme-ci');
  await userEvent.click(screen.getByRole('button', { name: 'Remove the filter: Without Project acme-ci' }));
  expect(location().search).not.toContain('exclude');
});

test('a component is suggested and found by its shown name, and the address keeps the name of the API', async () => {
  const read = answer({ trend: () => ok(trend()) });
  renderBilling(EXPLORE);
  await screen.findByRole('heading', { name: /Cost by project/ });
  await userEvent.click(screen.getByRole('button', { name: 'Add a filter' }));
  const form = within(screen.getByRole('form', { name: 'Add a filter' }));
  await userEvent.selectOptions(form.getByLabelText('Filter by'), 'Component');
  expect(document.querySelector('datalist option[value="Public IP addresses"]')).not.toBeNull();
  await userEvent.type(form.getByLabelText('Name'), 'public ip addresses');
  await userEvent.click(form.getByRole('button', { name: 'Add' }));
  expect(lastTrend(read)?.searchParams.get('include')).toBe('component:public_ip');
  expect(screen.getByText(/Component: Public IP addresses/)).toBeVisible();
});

test('a filter is added by its name', async () => {
  const read = answer({ trend: () => ok(trend()) });
  renderBilling(EXPLORE);
  await screen.findByRole('heading', { name: /Cost by project/ });
  await userEvent.click(screen.getByRole('button', { name: 'Add a filter' }));
  const form = within(screen.getByRole('form', { name: 'Add a filter' }));
  await userEvent.selectOptions(form.getByLabelText('Filter by'), 'Component');
  await userEvent.type(form.getByLabelText('Name'), 'cpu');
  await userEvent.click(form.getByLabelText('Only'));
  await userEvent.click(form.getByRole('button', { name: 'Add' }));
  expect(lastTrend(read)?.searchParams.get('include')).toBe('component:cpu');
});

test('bars by the hour are not offered for more than 16 days', async () => {
  answer({ trend: () => ok(trend()) });
  renderBilling(`${EXPLORE}&by=hour`);
  expect(await screen.findByRole('button', { name: 'Hour' })).toBeDisabled();
  expect(screen.getByRole('button', { name: 'Day' })).toHaveAttribute('aria-pressed', 'true');
});

test('the file is the same request as a file', async () => {
  const read = answer({
    trend: ({ searchParams }) => (searchParams.has('format') ? new Response('row\r\n') : ok(trend())),
  });
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => 'blob:x', revokeObjectURL: () => undefined }));
  renderBilling(EXPLORE);
  await screen.findByRole('heading', { name: /Cost by project/ });
  const shown = lastTrend(read)?.searchParams;
  await userEvent.click(screen.getByRole('button', { name: 'Export as CSV' }));
  const saved = lastTrend(read)?.searchParams;
  expect(saved?.get('format')).toBe('csv');
  saved?.delete('format');
  expect(saved?.toString()).toBe(shown?.toString());
});

test.each([
  [
    403,
    { error: 'Access denied to namespace', details: { namespace: 'acme-web' } },
    'You have no access to this project',
  ],
  [501, { error: 'Not offered', code: 'not_offered' }, 'Not offered by this installation'],
  [
    400,
    { error: "query parameter 'group_by' needs 900000 usage lines", code: 'invalid_parameter' },
    'The request is not valid',
  ],
  [503, { error: 'Billing service unreachable' }, 'The billing service is not available'],
])('a response %s is a state of the section, and its controls stay', async (status, body, title) => {
  answer({ trend: () => response({ success: false, ...body }, status) });
  renderBilling(`${EXPLORE}&project=acme-web`);
  expect(await screen.findByRole('heading', { name: title })).toBeVisible();
  expect(screen.getByLabelText('Group by')).toBeVisible();
});

test('a period without usage is an empty state, and with filters it names them', async () => {
  answer({ trend: () => ok(trend({ buckets: 2, gaps: [0, 1], compare: false })) });
  renderBilling(EXPLORE);
  expect(await screen.findByRole('heading', { name: 'There was no usage in this period' })).toBeVisible();
  expect(screen.queryByRole('slider')).not.toBeInTheDocument();
});

test('a figure opens the rows that it is made of, and they add up to it', async () => {
  const read = answer({ trend: () => ok(trend()), explain: () => ok(explanation()) });
  renderBilling(EXPLORE);
  await screen.findByRole('heading', { name: /Cost by project/ });
  await userEvent.click(
    within(table('Groups of the period').getByRole('row', { name: /acme-web/ })).getByRole('button', {
      name: '€302.25, acme-web: show what it is made of',
    }),
  );
  const drawer = within(await screen.findByRole('dialog', { name: 'What this figure is made of' }));
  expect(await drawer.findByText('Cost of the month of acme-web')).toBeVisible();
  expect(read.at(-1)?.pathname).toBe('/api/billing/project/acme-web/explain');
  expect(read.at(-1)?.search).toBe('?figure=current_month_total&period=2025-09');
  const rows = within(drawer.getByRole('region', { name: 'Rows of the figure' }));
  expect(rows.getByRole('row', { name: /cpu_core_hour/ })).toHaveTextContent('0.0298');
  expect(rows.getByRole('row', { name: /memory_gib_hour/ })).toHaveTextContent(
    /from .*2025.* until .*2025.*own price list/,
  );
  expect(rows.getByRole('row', { name: /Sum of all rows/ })).toHaveTextContent('€21.887894976');
  expect(rows.getByRole('row', { name: /Rounding/ })).toHaveTextContent('0.002105024');
  expect(rows.getByRole('row', { name: /The figure/ })).toHaveTextContent('€21.89');
  expect(drawer.getByText(/Usage is complete until/)).toBeVisible();
  expect(
    drawer.getByText(/curl .*project\/acme-web\/explain\?figure=current_month_total&period=2025-09/),
  ).toBeVisible();
  await userEvent.click(drawer.getByRole('button', { name: 'Close' }));
  expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
});

test('the total of an organization opens its rows by project, and each project its own rows', async () => {
  const read = answer({
    trend: () => ok(trend()),
    organizationExplain: () => ok(organizationExplanation()),
    explain: () => ok(explanation()),
  });
  renderBilling(EXPLORE);
  await screen.findByRole('heading', { name: /Cost by project/ });
  const total = table('Groups of the period').getByRole('row', { name: /Total/ });
  await userEvent.click(within(total).getByRole('button', { name: /show what it is made of/ }));
  const drawer = within(await screen.findByRole('dialog'));
  const rows = within(await drawer.findByRole('region', { name: 'Rows of the figure, by project' }));
  expect(read.at(-1)?.pathname).toBe('/api/billing/organization/explain');
  expect(read.at(-1)?.search).toBe('?figure=current_month_total&period=2025-09');
  expect(rows.getByRole('row', { name: /^acme-data/ })).toHaveTextContent(
    'acme-datacpu_core_hour600 core hours€0.0298from Aug 12, 2025, 00:00 UTC€17.88',
  );
  expect(rows.getByRole('row', { name: /^acme-web/ })).toHaveTextContent('€3.65 per month');
  expect(rows.getByRole('row', { name: /^acme-ci/ })).toHaveTextContent('By steps');
  await userEvent.click(within(rows.getByRole('row', { name: /^acme-data/ })).getByRole('button'));
  expect(await drawer.findByRole('region', { name: 'Rows of the figure' })).toBeVisible();
  expect(read.at(-1)?.pathname).toBe('/api/billing/project/acme-data/explain');
  await userEvent.click(drawer.getByRole('button', { name: 'Back' }));
  expect(await drawer.findByRole('row', { name: /^acme-data/ })).toBeVisible();
});

test('a bar that is rounded together with others has the difference as a row', async () => {
  const read = answer({
    trend: () => ok(trend()),
    organizationExplain: () => ok(organizationExplanation({ figure: null, period: null, value: 1.01, rounding: 0.01 })),
  });
  renderBilling(EXPLORE);
  await screen.findByRole('heading', { name: /Cost by project/ });
  const bar = first(table('The same figures by bar').getAllByRole('button'));
  await userEvent.click(bar);
  const drawer = within(await screen.findByRole('dialog'));
  const shown = await drawer.findByRole('row', { name: /The figure as it is shown/ });
  expect(read.at(-1)?.search).toMatch(/^\?from=2025-09-01T00%3A00%3A00Z&to=2025-09-02T00%3A00%3A00Z$/);
  expect(shown).toHaveTextContent(bar.textContent);
  expect(drawer.getByRole('row', { name: /Rounded together/ })).toBeVisible();
});

test('bars by the hour of a period that is too long are a notice with the longest range', async () => {
  answer({ trend: () => ok(trend()) });
  renderBilling(`${EXPLORE}&by=hour`);
  expect(
    await screen.findByText(/This view has bars by the day. Bars by the hour are for at most 16 days./),
  ).toBeVisible();
  expect(screen.getByRole('button', { name: 'Hour' })).toBeDisabled();
});

test('bars by the hour can be chosen for an own range of a day', async () => {
  const read = answer({ trend: () => ok(trend()) });
  renderBilling('billing/explore?organization=acme&period=2025-09-03..2025-09-03');
  await userEvent.click(await screen.findByRole('button', { name: 'Hour' }));
  expect(lastTrend(read)?.searchParams.get('granularity')).toBe('hour');
});

test('a past period without usage does not ask to wait', async () => {
  answer({ trend: () => ok({ ...trend(), total: null, to: '2025-09-01T00:00:00.000Z' }) });
  renderBilling('billing/explore?organization=acme&period=2025-08-01..2025-08-31');
  expect(await screen.findByText('Choose another period.')).toBeVisible();
  expect(screen.queryByText(/or wait/)).not.toBeInTheDocument();
});
