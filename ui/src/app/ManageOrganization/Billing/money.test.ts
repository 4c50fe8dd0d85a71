import { describe, expect, test } from 'vitest';

import { formatAmount, formatEstimate, formatRate, formatShare } from './money';

describe('an amount', () => {
  test.each([
    [1672.31, 'EUR', '€1,672.31'],
    [1672.31, 'USD', '$1,672.31'],
    [1672.31, 'CAD', 'CA$1,672.31'],
    [120_000, 'JPY', '¥120,000'],
    [12.345, 'KWD', 'KWD 12.345'],
    [0, 'EUR', '€0.00'],
    [-0, 'EUR', '€0.00'],
    [0.000001, 'EUR', '<€0.01'],
    [0.4, 'JPY', '<¥1'],
    [1e9, 'EUR', '€1,000,000,000.00'],
    [123456789012345.67, 'EUR', '€123,456,789,012,345.67'],
    [null, 'EUR', 'Unknown'],
    [Number.NaN, 'EUR', 'Unknown'],
    [Number.POSITIVE_INFINITY, 'EUR', 'Unknown'],
    [1672.31, null, '1,672.31 (currency unknown)'],
    [0, null, '0 (currency unknown)'],
    [1672.31, 'XQZ', '1,672.31 (currency unknown)'],
    [1672.31, 'euro', '1,672.31 (currency unknown)'],
    [1672.31, '', '1,672.31 (currency unknown)'],
    [null, null, 'Unknown'],
  ])('%s %s reads %s', (amount, currency, text) => {
    // The digits of the currency. Unknown values are never shown as 0 or as dollars.
    expect(formatAmount(amount, currency).replaceAll('\u00a0', ' ')).toBe(text);
  });
});

describe('a rate', () => {
  test.each([
    [2.3211, 'EUR', '€2.3211'],
    [2.32, 'EUR', '€2.3200'],
    [166.6667, 'JPY', '¥166.67'],
    [0, 'EUR', '€0.0000'],
    [0.000001, 'EUR', '<€0.0001'],
    [null, 'EUR', 'Unknown'],
    [2.3211, null, '2.3211 (currency unknown)'],
  ])('%s %s reads %s', (amount, currency, text) => {
    // Two more digits than the currency has, so that small rates are different.
    expect(formatRate(amount, currency)).toBe(text);
  });
});

test.each([
  [99.994, '€99.99'],
  [100.4, '€100'],
  [1695.56, '€1,696'],
  [0, '€0.00'],
])('an estimate of %s reads %s', (amount, text) => {
  // From 100 on, an estimate has no cents.
  expect(formatEstimate(amount, 'EUR')).toBe(text);
});

test.each([
  [0, '0%'],
  [0.000001, '<0.1%'],
  [0.697, '69.7%'],
  [1, '100%'],
  [null, 'Unknown'],
])('a share of %s reads %s', (share, text) => {
  // A share above 0 is never shown as 0%.
  expect(formatShare(share)).toBe(text);
});
