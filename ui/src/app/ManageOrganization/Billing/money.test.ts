import { describe, expect, test } from 'vitest';

import { formatAmount, formatAmountRange, formatChange, formatDifference, formatRate, formatShare } from './money';

const plain = (text: string) => text.replaceAll('\u00a0', ' ').replaceAll('\u2009', ' ');

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
    [-0.000001, 'EUR', '>-€0.01'],
    [0.4, 'JPY', '<¥1'],
    [1e9, 'EUR', '€1,000,000,000.00'],
    [123456789012345.67, 'EUR', '€123,456,789,012,345.67'],
    [null, 'EUR', 'Unknown'],
    [undefined, 'EUR', 'Unknown'],
    [Number.NaN, 'EUR', 'Unknown'],
    [Number.POSITIVE_INFINITY, 'EUR', 'Unknown'],
    [1672.31, null, '1,672.31 (currency unknown)'],
    [0, null, '0 (currency unknown)'],
    [67.97, 'XCG', 'XCG 67.97'],
    [1672.31, 'XQZ', 'XQZ 1,672.31'],
    [1672.31, 'euro', '1,672.31 (currency unknown)'],
    [1672.31, '', '1,672.31 (currency unknown)'],
    [null, null, 'Unknown'],
  ])('%s %s reads %s', (amount, currency, text) => {
    // Unknown values are never shown as 0 or as dollars. A code that the browser does not have is shown.
    expect(plain(formatAmount(amount, { currency }))).toBe(text);
  });

  test.each([
    [1234.56, 'HUF', 2, 'HUF 1,234.56'],
    [0.4, 'HUF', 2, 'HUF 0.40'],
    [1234.56, 'RSD', 2, 'RSD 1,234.56'],
    [1234.56, 'COP', 2, 'COP 1,234.56'],
    [1234, 'ISK', 0, 'ISK 1,234'],
  ])('%s %s with %s digits of the API reads %s', (amount, currency, digits, text) => {
    // The digits are those of the API, and not those of the browser.
    expect(plain(formatAmount(amount, { currency, currency_digits: digits }))).toBe(text);
    expect(plain(formatAmount(amount, { currency }))).toBe(text);
  });

  test('that is almost nothing is not nothing', () => {
    expect(formatAmount(0, { currency: 'EUR' }, true)).toBe('<€0.01');
    expect(formatAmount(0, { currency: 'EUR' }, false)).toBe('€0.00');
    expect(formatAmount(0.02, { currency: 'EUR' }, true)).toBe('€0.02');
  });
});

test('a difference has a sign, and a range is written as the language writes it', () => {
  expect(formatDifference(12.3, { currency: 'EUR' })).toBe('+€12.30');
  expect(formatDifference(-12.3, { currency: 'EUR' })).toBe('-€12.30');
  expect(formatDifference(0, { currency: 'EUR' })).toBe('€0.00');
  expect(plain(formatAmountRange(815.2, 870.4, { currency: 'EUR' }))).toBe('€815 – €870');
  expect(plain(formatAmountRange(null, 870, { currency: 'EUR' }))).toBe('Unknown – €870.00');
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
    expect(formatRate(amount, { currency })).toBe(text);
  });
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

test('a change has a sign', () => {
  expect(formatChange(0.125)).toBe('+12.5%');
  expect(formatChange(null)).toBe('Unknown');
});
