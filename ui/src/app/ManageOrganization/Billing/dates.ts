/** Formats times and periods of the API, in UTC. */
import { texts } from './texts';

/** "22 Nov 2026, 14:00 UTC" */
export function formatTime(time: Date): string {
  return new Intl.DateTimeFormat(texts.locale, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
    timeZoneName: 'short',
  }).format(time);
}

/** "Sep 2025" for "2025-09". A period in another form is returned unchanged. */
export function formatPeriod(period: string): string {
  const month = /^\d{4}-(0[1-9]|1[0-2])$/.test(period) ? new Date(`${period}-01T00:00:00Z`) : null;
  return month === null
    ? period
    : new Intl.DateTimeFormat(texts.locale, { month: 'short', year: 'numeric', timeZone: 'UTC' }).format(month);
}

/** "45 seconds", "14 minutes" */
export function formatAge(seconds: number): string {
  const { duration } = texts;
  return seconds < 60 ? duration.seconds(Math.round(seconds)) : duration.minutes(Math.round(seconds / 60));
}

/** Days of the month before that time, in UTC: 1.5 at noon of the 2nd. */
export function daysIntoMonth(time: Date): number {
  return (time.getTime() - Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), 1)) / 86_400_000;
}
