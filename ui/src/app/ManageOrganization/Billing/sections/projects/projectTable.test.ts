import { describe, expect, test } from 'vitest';

import { project, projectList, unpricedProject } from '../../../../../../tests/fixtures';
import { unusedParameters, valuesOf, withValues } from '../../address/parameters';
import {
  DEFAULT_VIEW,
  matchingRows,
  pageOf,
  PARAMETERS,
  parametersOf,
  rowsOf,
  type SortColumn,
  tableViewOf,
} from './projectTable';

const list = projectList(
  [
    project('b', { current_month_total: 10 }),
    unpricedProject('x'),
    project('c', { current_month_total: 10 }),
    project('a', { current_month_total: 30, last_day_spend: 1 }),
    project('j', { current_month_total: 20, currency: 'JPY' }),
  ],
  [
    { currency: 'EUR', current_month_total: 50, last_day_spend: 1, total_cost_per_hour: 1 },
    { currency: 'JPY', current_month_total: 20, last_day_spend: 1, total_cost_per_hour: 1 },
  ],
  [0.2, null, 0.2, 0.6, 1],
);
const names = (column: SortColumn, descending: boolean, search = '') =>
  matchingRows(rowsOf(list), { ...DEFAULT_VIEW, column, descending, search }).map(({ namespace }) => namespace);

describe('the order', () => {
  test.each([
    ['current_month_total', true, ['a', 'j', 'b', 'c', 'x']],
    ['current_month_total', false, ['b', 'c', 'j', 'a', 'x']],
    ['namespace', false, ['a', 'b', 'c', 'j', 'x']],
    ['namespace', true, ['x', 'j', 'c', 'b', 'a']],
    ['last_day_spend', false, ['a', 'b', 'c', 'j', 'x']],
    ['share', true, ['j', 'a', 'b', 'c', 'x']],
  ] as const)('by %s, descending %s', (column, descending, order) => {
    // Equal rows are sorted by name, unknown amounts are last in both directions, as in the API.
    expect(names(column, descending)).toEqual(order);
  });
});

test('the search finds a part of the name, in any case, without spaces around it', () => {
  expect(names('namespace', false, ' A ')).toEqual(['a']);
  expect(names('namespace', false, 'nothing')).toEqual([]);
});

test('a share is the one of the API, and unknown where it sends none', () => {
  const shares = Object.fromEntries(rowsOf(list).map(({ namespace, share }) => [namespace, share]));
  expect(shares).toEqual({ a: 0.6, b: 0.2, c: 0.2, j: 1, x: null });
  const [row] = rowsOf(projectList([project('a')], []));
  expect(row?.share).toBeNull();
});

test('a page beyond the last is the last', () => {
  const rows = rowsOf(list);
  expect(pageOf(rows, { ...DEFAULT_VIEW, page: 9 }).page).toBe(1);
  expect(pageOf([], { ...DEFAULT_VIEW, page: 2 })).toEqual({ page: 1, rows: [] });
});

test.each(['sort=nothing', 'sort=', 'page=0', 'page=-1', 'page=1.5', 'page=x', 'per_page=7', 'per_page=1e9'])(
  '?%s counts as left out, and is named',
  (query) => {
    // A link with a typing error shows the default view and a notice, not an error.
    const params = new URLSearchParams(query);
    expect(tableViewOf(valuesOf(PARAMETERS, params))).toEqual(DEFAULT_VIEW);
    expect(unusedParameters([PARAMETERS], params)).toEqual([query.split('=')[0]]);
  },
);

test('a view survives its way through the address, beside parameters of others', () => {
  const view = { search: 'web & co', column: 'namespace', descending: false, page: 2, pageSize: 50 } as const;
  const params = withValues(PARAMETERS, new URLSearchParams('organization=acme'), parametersOf(view, DEFAULT_VIEW));
  expect(params.toString()).toBe('organization=acme&search=web+%26+co&sort=namespace&page=2&per_page=50');
  expect(tableViewOf(valuesOf(PARAMETERS, params))).toEqual(view);
  expect(withValues(PARAMETERS, params, parametersOf(DEFAULT_VIEW, view)).toString()).toBe('organization=acme');
});
