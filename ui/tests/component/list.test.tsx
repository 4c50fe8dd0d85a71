import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

import { loadTexts } from '../../src/app/ManageOrganization/Billing/i18n';
import { acme, newProject, project, projectList, success, unpricedProject } from '../fixtures';
import { answerEach, answerWith, json, renderBilling } from '../render';
import { history } from '../trends';

const many = projectList(
  Array.from({ length: 45 }, (_, index) =>
    project(`team-${String(index).padStart(2, '0')}`, { current_month_total: index }),
  ),
  [{ currency: 'EUR', current_month_total: 990, last_day_spend: 1, total_cost_per_hour: 1 }],
);

const rowNames = () => screen.getAllByRole('link', { name: /^(acme|team)-/ }).map((link) => link.textContent);

test('the list shows what each project costs, and the totals the API gave', async () => {
  const fetchMock = answerWith(
    json(success({ ...acme, totals: [{ ...acme.totals[0], current_month_total: 2400.07 }] })),
  );
  renderBilling();
  const row = (await screen.findByRole('link', { name: 'acme-web' })).closest('tr') as HTMLElement;
  expect(within(row).getByText('€1,672.31')).toBeVisible();
  expect(within(row).getByText('€2.3211')).toBeVisible();
  expect(within(row).getByRole('progressbar', { name: 'acme-web: 69.7% of the total' })).toBeVisible();
  const totals = screen.getByRole('rowheader', { name: 'All projects, EUR' }).closest('tr') as HTMLElement;
  expect(within(totals).getByText('€2,400.07')).toBeVisible();
  expect(screen.getByText(/Usage up to 15:00 UTC/)).toBeVisible();
  expect(fetchMock).toHaveBeenCalledTimes(1);
});

test('the cards show the month, the day and the hour as the API sends them, and compute nothing', async () => {
  answerWith(json(success(acme)));
  renderBilling();
  expect(await screen.findByText('Month to date, Sep 2025')).toBeVisible();
  expect(screen.getAllByText('€2,400.00')).toHaveLength(2);
  expect(screen.getAllByText('€3.4253')).toHaveLength(2);
  expect(screen.queryByText(/average|at this rate/)).not.toBeInTheDocument();
});

test('with more projects than spark lines, the page names those that have one', async () => {
  answerEach({
    'GET /api/billing/projects': json(success(acme)),
    'GET /api/billing/organization/trend': json(success({ ...history(), rest: { groups: 400, amount: 1200 } })),
  });
  renderBilling();
  expect(
    await screen.findByText('The line of the last 30 days is shown for the 100 projects with the highest cost.'),
  ).toBeVisible();
});

test('the lines of the table add up to the total: former projects and rounding are lines too', async () => {
  const [total] = acme.totals;
  const totals = [{ ...total, current_month_total: 2416.35, former_projects: 16.34, rounding: 0.01 }];
  answerWith(json(success({ ...acme, totals })));
  renderBilling();
  const former = (await screen.findByRole('rowheader', { name: /^Former projects/ })).closest('tr') as HTMLElement;
  expect(within(former).getByText('€16.34')).toBeVisible();
  expect(within(former).getByText(/They moved or were deleted/)).toBeVisible();
  const rounding = screen.getByRole('rowheader', { name: /^Rounding/ }).closest('tr') as HTMLElement;
  expect(within(rounding).getByText('€0.01')).toBeVisible();
});

test('pages and alerts are German on the German page', async () => {
  await loadTexts('de');
  answerWith(json(success({ ...many, unpriced: 1 })));
  renderBilling();
  expect((await screen.findAllByRole('button', { name: 'Nächste Seite' })).length).toBeGreaterThan(0);
  expect(screen.getAllByText('von', { exact: false }).length).toBeGreaterThan(0);
  expect(screen.getByText('Warnung:')).toBeInTheDocument();
  expect(screen.queryByText(/alert:|next page|per page/i)).not.toBeInTheDocument();
  await loadTexts('en');
});

test('the list names the cost of the month in another currency', async () => {
  answerEach({
    'GET /api/billing/projects': json(success(acme)),
    'GET /api/billing/organization/trend': json(success({ ...history(), other_currencies: { USD: 491.33 } })),
  });
  renderBilling();
  expect(await screen.findByText('$491.33. They are in no other figure of this page.')).toBeVisible();
});

test('a user who sees two of six projects reads that they are the own projects', async () => {
  const own = projectList(acme.projects.slice(0, 2), acme.totals);
  answerWith(json(success({ ...own, scope: { organization: 'acme', namespaces: ['acme-data', 'acme-web'] } })));
  renderBilling();
  expect(await screen.findByRole('option', { name: 'Your 2 projects in acme' })).toBeInTheDocument();
  expect(screen.getByText('Cost of your 2 projects in acme')).toBeVisible();
  expect(screen.getByRole('rowheader', { name: 'Your 2 projects, EUR' })).toBeVisible();
  expect(screen.queryByText(/All projects|All of/)).not.toBeInTheDocument();
});

test('an organization without usage sees that billing has not started, and no warning', async () => {
  answerWith(json(success({ ...projectList([], []), billing_started: false })));
  renderBilling();
  expect(await screen.findByRole('heading', { name: 'Billing has not started' })).toBeVisible();
  expect(screen.getByText(/Billing of acme begins with the first import/)).toBeVisible();
});

test.each([
  ['not_started', 'Billing has not started'],
  ['not_metered', 'No usage was metered yet'],
] as const)('a new project (%s) is in the list without a warning', async (code, error) => {
  const added = { ...newProject('acme-new'), code, error };
  answerWith(json(success(projectList([...acme.projects, added], acme.totals))));
  renderBilling();
  const row = (await screen.findByRole('link', { name: 'acme-new' })).closest('tr') as HTMLElement;
  expect(within(row).getByText(error)).toBeVisible();
  expect(screen.queryByText('One project has no figure')).not.toBeInTheDocument();
});

test('a head sorts, and the order stands in the address beside what was there', async () => {
  answerWith(json(success(acme)));
  const { location } = renderBilling('billing/projects?organization=acme');
  await screen.findByRole('link', { name: 'acme-web' });
  expect(rowNames()).toEqual(['acme-web', 'acme-data', 'acme-ci', 'acme-sandbox']);
  await userEvent.click(screen.getByRole('button', { name: 'Project' }));
  expect(rowNames()).toEqual(['acme-ci', 'acme-data', 'acme-sandbox', 'acme-web']);
  expect(location().search).toBe('?organization=acme&sort=namespace');
});

test('typing searches, an empty result has a text, and clearing shows all projects', async () => {
  const fetchMock = answerWith(json(success(acme)));
  const { location } = renderBilling();
  const search = await screen.findByRole('textbox', { name: 'Search projects by name' });
  await userEvent.type(search, 'data');
  expect(rowNames()).toEqual(['acme-data']);
  await userEvent.type(search, 'base');
  expect(screen.getByText('No project name contains "database".')).toBeVisible();
  expect(location().search).toBe('?search=database');
  await userEvent.click(screen.getByText('Clear the search'));
  expect(rowNames()).toHaveLength(4);
  expect(fetchMock).toHaveBeenCalledTimes(1);
});

test('a link opens the view it was copied from', async () => {
  answerWith(json(success(many)));
  renderBilling('billing/projects?sort=namespace&page=2');
  await screen.findByRole('link', { name: 'team-20' });
  expect(rowNames()).toHaveLength(20);
});

test('a project without a figure is named and counted, and reads unknown, not 0', async () => {
  const totals = [
    { currency: 'EUR', current_month_total: 1672.31, last_day_spend: 55.68, total_cost_per_hour: 2.3211 },
  ];
  answerWith(json(success(projectList([project('acme-web'), unpricedProject('acme-broken')], totals))));
  renderBilling();
  const row = (await screen.findByRole('link', { name: 'acme-broken' })).closest('tr') as HTMLElement;
  expect(within(row).getByText('No figure')).toBeVisible();
  expect(within(row).getByText('Some usage has no price')).toBeVisible();
  expect(within(row).getAllByText('Unknown')).toHaveLength(3);
  expect(screen.getByText('One project has no figure')).toBeVisible();
  expect(screen.getByText('1 without a figure')).toBeVisible();
});

test('the keyboard alone reaches the project of a row', async () => {
  answerWith(json(success(projectList([project('acme-web')], acme.totals))));
  const { location } = renderBilling();
  const link = await screen.findByRole('link', { name: 'acme-web' });
  for (let presses = 0; document.activeElement !== link && presses < 20; presses++) {
    await userEvent.tab();
  }
  expect(link).toHaveFocus();
  await userEvent.keyboard('{Enter}');
  expect(location().pathname).toBe('/manage-organization/billing/projects/acme-web');
});

test('under the pointer, new figures do not change the order of the rows until it leaves', async () => {
  const first = projectList(
    [project('acme-a', { current_month_total: 30 }), project('acme-b', { current_month_total: 20 })],
    acme.totals,
  );
  const next = projectList(
    [project('acme-a', { current_month_total: 30 }), project('acme-b', { current_month_total: 50 })],
    acme.totals,
  );
  const fetchMock = answerWith(json(success(first)));
  const { refresh } = renderBilling();
  await userEvent.hover(await screen.findByRole('link', { name: 'acme-a' }));
  fetchMock.mockImplementation(json(success(next)));
  refresh();
  expect(await screen.findByText('€50.00')).toBeVisible();
  expect(rowNames()).toEqual(['acme-a', 'acme-b']);
  await userEvent.unhover(screen.getByRole('link', { name: 'acme-a' }));
  expect(rowNames()).toEqual(['acme-b', 'acme-a']);
});

test('while the focus is in the table, new figures keep the order, and a sort by the user changes it at once', async () => {
  const first = projectList(
    [project('acme-a', { current_month_total: 30 }), project('acme-b', { current_month_total: 20 })],
    acme.totals,
  );
  const next = projectList(
    [project('acme-a', { current_month_total: 30 }), project('acme-b', { current_month_total: 50 })],
    acme.totals,
  );
  const fetchMock = answerWith(json(success(first)));
  const { refresh } = renderBilling();
  (await screen.findByRole('link', { name: 'acme-b' })).focus();
  fetchMock.mockImplementation(json(success(next)));
  refresh();
  expect(await screen.findByText('€50.00')).toBeVisible();
  expect(rowNames()).toEqual(['acme-a', 'acme-b']);
  await userEvent.click(screen.getByRole('button', { name: 'Month to date' }));
  expect(rowNames()).toEqual(['acme-a', 'acme-b']); // lowest first
  await userEvent.click(screen.getByRole('button', { name: 'Month to date' }));
  expect(rowNames()).toEqual(['acme-b', 'acme-a']);
});

test('an own range without its days is not a question of their order, and its form closes with the section', async () => {
  answerWith(json(success(acme)));
  renderBilling();
  await userEvent.selectOptions(await screen.findByRole('combobox', { name: 'Period' }), 'Own range');
  await userEvent.click(screen.getByRole('button', { name: 'Show' }));
  expect(screen.getByText('Choose the first and the last day.')).toBeVisible();
  await userEvent.click(screen.getByRole('link', { name: 'acme-web' }));
  expect(await screen.findByRole('combobox', { name: 'Period' })).toHaveValue('this-month');
  expect(screen.queryByRole('button', { name: 'Show' })).not.toBeInTheDocument();
});
