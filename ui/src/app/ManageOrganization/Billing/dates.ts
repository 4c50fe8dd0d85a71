/** Formats times, days and durations in the browser's language. The time zone is the organization's, and is named. */
import { i18n, locale } from './i18n';

const UTC = 'UTC';
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale()} ${JSON.stringify(options)}`;
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat(locale(), options);
    formatters.set(key, formatter);
  }
  return formatter;
}

/** "22 Nov 2026, 14:00 UTC" */
export function formatTime(time: Date, timeZone = UTC): string {
  return formatterOf({
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
    timeZoneName: 'short',
  }).format(time);
}

/** "01:00 UTC" if it is on the day of `now` in the time zone, otherwise with the date. */
export function formatHour(time: Date, now: Date, timeZone = UTC): string {
  const day = formatterOf({ year: 'numeric', month: 'numeric', day: 'numeric', timeZone });
  if (day.format(time) !== day.format(now)) {
    return formatTime(time, timeZone);
  }
  return formatterOf({
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
    timeZoneName: 'short',
  }).format(time);
}

/** "Sep 2025" for "2025-09". A period in another form is returned unchanged. */
export function formatPeriod(period: string): string {
  const month = /^\d{4}-(0[1-9]|1[0-2])$/.test(period) ? new Date(`${period}-01T00:00:00Z`) : null;
  return month === null ? period : formatterOf({ month: 'short', year: 'numeric', timeZone: UTC }).format(month);
}

/** "3 Nov" for "2026-11-03", a day of the calendar. A day in another form is returned unchanged. */
export function formatDay(day: string, { year = false, weekday = false } = {}): string {
  const date = /^\d{4}-\d\d-\d\d$/.test(day) ? new Date(`${day}T00:00:00Z`) : null;
  return date === null || Number.isNaN(date.getTime())
    ? day
    : formatterOf({
        day: 'numeric',
        month: 'short',
        ...(year && { year: 'numeric' }),
        ...(weekday && { weekday: 'short' }),
        timeZone: UTC,
      }).format(date);
}

/** "3 – 10 Nov 2026": both days are in it. */
export function formatDays(from: string, to: string): string {
  return formatterOf({ day: 'numeric', month: 'short', year: 'numeric', timeZone: UTC }).formatRange(
    new Date(`${from}T00:00:00Z`),
    new Date(`${to}T00:00:00Z`),
  );
}

interface DurationFormat {
  format: (duration: Partial<Record<'days' | 'hours' | 'minutes' | 'seconds', number>>) => string;
}
type DurationFormatClass = new (locale: string, options: { style: 'long' }) => DurationFormat;

/** "45 seconds", "14 minutes", "3 hours", "2 days": the largest unit only. */
export function formatAge(seconds: number): string {
  const [unit, count] = largestUnit(Math.max(0, seconds));
  const { DurationFormat } = Intl as unknown as { DurationFormat?: DurationFormatClass };
  if (DurationFormat === undefined || count === 0) {
    return i18n.t(`common:${unit}`, { count });
  }
  return new DurationFormat(languageOfText(), { style: 'long' }).format({ [unit]: count });
}

/** A duration stands within a sentence of the page, so it is in the language of the sentence. */
function languageOfText(): string {
  return i18n.resolvedLanguage ?? 'en';
}

function largestUnit(seconds: number): ['seconds' | 'minutes' | 'hours' | 'days', number] {
  if (seconds < 60) {
    return ['seconds', Math.round(seconds)];
  }
  if (seconds < 3600) {
    return ['minutes', Math.round(seconds / 60)];
  }
  return seconds < 2 * 86_400 ? ['hours', Math.round(seconds / 3600)] : ['days', Math.round(seconds / 86_400)];
}
