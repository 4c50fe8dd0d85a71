import { expect, test } from 'vitest';

import { daysIntoMonth, formatAge, formatPeriod, formatTime } from './dates';

test('a time is shown in UTC in every time zone of the browser', () => {
  expect(formatTime(new Date('2025-09-30T23:30:00+02:00'))).toBe('Sep 30, 2025, 21:30 UTC');
});

test.each([
  ['2025-09', 'Sep 2025'],
  ['2025-13', '2025-13'],
  ['this month', 'this month'],
])('the period %s reads %s', (period, text) => {
  // A period in an unknown form is shown unchanged.
  expect(formatPeriod(period)).toBe(text);
});

test.each([
  [1, '1 second'],
  [59, '59 seconds'],
  [60, '1 minute'],
  [840, '14 minutes'],
])('an age of %s s reads %s', (seconds, text) => {
  // From one minute on, seconds are not shown.
  expect(formatAge(seconds)).toBe(text);
});

test.each([
  ['2025-09-01T00:00:00Z', 0],
  ['2025-09-02T12:00:00Z', 1.5],
  ['2025-09-30T23:00:00Z', 29 + 23 / 24],
])('%s is %s days into its month', (time, days) => {
  // The billing month begins in UTC.
  expect(daysIntoMonth(new Date(time))).toBeCloseTo(days, 10);
});
