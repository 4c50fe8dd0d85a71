import { expect, test } from 'vitest';

import { formatAge, formatDay, formatDays, formatHour, formatPeriod, formatTime } from './dates';

const plain = (text: string) => text.replaceAll('\u2009', ' ').replaceAll('\u202f', ' ');

test('a time is shown in UTC in every time zone of the browser', () => {
  expect(formatTime(new Date('2025-09-30T23:30:00+02:00'))).toBe('Sep 30, 2025, 21:30 UTC');
});

test("a time in the organization's time zone names it", () => {
  expect(formatTime(new Date('2025-09-30T21:30:00Z'), 'Asia/Kolkata')).toBe('Oct 1, 2025, 03:00 GMT+5:30');
});

test('an hour of today has no date, and one of yesterday has it', () => {
  const now = new Date('2026-11-28T01:20:00Z');
  expect(formatHour(new Date('2026-11-28T01:00:00Z'), now)).toBe('01:00 UTC');
  expect(formatHour(new Date('2026-11-27T23:00:00Z'), now)).toBe('Nov 27, 2026, 23:00 UTC');
});

test.each([
  ['2025-09', 'Sep 2025'],
  ['2025-13', '2025-13'],
  ['this month', 'this month'],
])('the period %s reads %s', (period, text) => {
  // A period in an unknown form is shown unchanged.
  expect(formatPeriod(period)).toBe(text);
});

test('a day and a range of days are days of the calendar, whatever the time zone of the browser', () => {
  expect(formatDay('2026-11-01')).toBe('Nov 1');
  expect(formatDay('tomorrow')).toBe('tomorrow');
  expect(plain(formatDays('2026-11-01', '2026-11-10'))).toBe('Nov 1 – 10, 2026');
});

test.each([
  [0, '0 seconds'],
  [1, '1 second'],
  [59, '59 seconds'],
  [60, '1 minute'],
  [840, '14 minutes'],
  [7200, '2 hours'],
  [172_800, '2 days'],
  [-5, '0 seconds'],
])('an age of %s s reads %s', (seconds, text) => {
  // The largest unit only. An age below 0 is that of a wrong clock.
  expect(formatAge(seconds)).toBe(text);
});
