import { describe, expect, test } from 'vitest';

import { flag, list, number, oneOf, text, unusedParameters, valuesOf, withValues } from './parameters';
import { addDays, daysOf, firstOfMonth, todayIn } from './range';
import { OF_THE_LOGIN, VIEW, viewOf } from './view';

const DECLARATION = {
  group: oneOf(['sku', 'project'], 'project'),
  exclude: list(),
  gaps: flag(),
  q: text(),
  n: number(9),
};

test('values survive their way through the address, and defaults are not in it', () => {
  const values = { group: 'sku', exclude: ['a,b', '50%', 'c'], gaps: true, q: 'x & y', n: 3 } as const;
  const params = withValues(DECLARATION, new URLSearchParams('organization=acme'), values);
  expect(valuesOf(DECLARATION, params)).toEqual(values);
  const defaults = { group: 'project', exclude: [], gaps: false, q: '', n: 9 } as const;
  expect(withValues(DECLARATION, params, defaults).toString()).toBe('organization=acme');
});

test.each([
  ['organization=acme&group=sku', []],
  ['groupby=sku', ['groupby']],
  ['group=pod', ['group']],
  ['group=sku&group=project', ['group']],
  ['project=Not+a+name&period=90d', ['project']],
  ['period=soon', ['period']],
  ['period=2026-11-10..2026-11-01', ['period']],
  ['period=2026-02-30..2026-03-01', ['period']],
])('of ?%s the section does not use %j', (query, names) => {
  // A name that is not declared, is there twice, or has no valid value.
  expect(unusedParameters([OF_THE_LOGIN, VIEW, DECLARATION], new URLSearchParams(query))).toEqual(names);
});

test('a view has a scope and a period', () => {
  const params = new URLSearchParams('project=acme-web&period=2026-11-01..2026-11-10');
  const view = viewOf(valuesOf(VIEW, params));
  expect(view).toEqual({
    scope: { kind: 'project', namespace: 'acme-web' },
    period: { kind: 'range', from: '2026-11-01', to: '2026-11-10' },
  });
  expect(withValues(VIEW, params, { period: { kind: 'this-month' }, project: { kind: 'organization' } }).size).toBe(0);
});

describe('the days of a period', () => {
  test.each([
    [{ kind: 'this-month' }, '2026-11-01', '2026-12-01'],
    [{ kind: 'last-month' }, '2026-10-01', '2026-11-01'],
    [{ kind: '30d' }, '2026-10-30', '2026-11-29'],
    [{ kind: '90d' }, '2026-08-31', '2026-11-29'],
    [{ kind: 'range', from: '2026-11-01', to: '2026-11-10' }, '2026-11-01', '2026-11-11'],
  ] as const)('%j on 28 November', (period, from, to) => {
    expect(daysOf(period, '2026-11-28')).toEqual({ from, to });
  });

  test('today is the day of the time zone, and months and years have their ends', () => {
    const moment = new Date('2026-12-31T23:30:00Z');
    expect(todayIn('UTC', moment)).toBe('2026-12-31');
    expect(todayIn('Europe/Berlin', moment)).toBe('2027-01-01');
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29');
    expect(firstOfMonth('2027-01-15', -1)).toBe('2026-12-01');
  });
});
