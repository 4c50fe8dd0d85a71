/** Days of a period for the API: half-open, in the organization's time zone. */
import type { Period } from './view';

export interface Days {
  from: string;
  /** The first day that is not in it. */
  to: string;
}

/**
 * The days of a period. `today` is the organization's day at the API, not the browser's (`todayIn`). 30 days end today.
 */
export function daysOf(period: Period, today: string): Days {
  switch (period.kind) {
    case 'this-month':
      return { from: firstOfMonth(today), to: firstOfMonth(today, 1) };
    case 'last-month':
      return { from: firstOfMonth(today, -1), to: firstOfMonth(today) };
    case '30d':
      return { from: addDays(today, -29), to: addDays(today, 1) };
    case '90d':
      return { from: addDays(today, -89), to: addDays(today, 1) };
    case 'range':
      return { from: period.from, to: addDays(period.to, 1) };
  }
}

/** The day of a moment in a time zone, YYYY-MM-DD. */
export function todayIn(timeZone: string, moment: Date): string {
  const parts = new Intl.DateTimeFormat('en', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
  }).formatToParts(moment);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

export function firstOfMonth(day: string, months = 0): string {
  const [year = 0, month = 1] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 10);
}
