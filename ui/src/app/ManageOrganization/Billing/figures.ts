/** Formats quantities, days and exact amounts of the API, in the user's language. */
import { digitsOf } from './currencyDigits';
import { locale } from './i18n';

/** More digits than any exact amount of the API needs; fewer than a binary number is exact to. */
const EXACT_DIGITS = 9;

/** "2.5", "1,209.41775": a quantity with the digits that it has, at most 6. */
export function formatQuantity(quantity: number): string {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: 6 }).format(quantity);
}

/** "7.86", "0.0013": a quantity where small differences do not matter. */
export function formatAbout(quantity: number): string {
  const digits = Math.abs(quantity) < 0.1 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 };
  return new Intl.NumberFormat(locale(), digits).format(quantity);
}

/** "€41.290322581": an amount that the API did not round. It has at least the digits of the currency. */
export function formatExact(amount: number, currency: string, digits: number | undefined): string {
  const least = digits ?? digitsOf(currency);
  const form = { minimumFractionDigits: least, maximumFractionDigits: Math.max(least, EXACT_DIGITS) };
  return new Intl.NumberFormat(locale(), { ...form, style: 'currency', currency }).format(amount);
}

/** "10 January 2027" for "2027-01-10". */
export function formatLongDay(day: string): string {
  return longDay('UTC').format(new Date(`${day}T00:00:00Z`));
}

/** "26 December 2026 – 29 January 2027". Both days are in it. */
export function formatLongDays(from: string, to: string): string {
  return longDay('UTC').formatRange(new Date(`${from}T00:00:00Z`), new Date(`${to}T00:00:00Z`));
}

/** "September 2026" for "2026-09". */
export function formatMonth(period: string): string {
  return dateFormat({ month: 'long', year: 'numeric', timeZone: 'UTC' }).format(new Date(`${period}-01T00:00:00Z`));
}

/** "22 November 2026": the day of a moment in a time zone. */
export function formatDayOf(moment: string, timeZone: string): string {
  return longDay(timeZone).format(new Date(moment));
}

/** "3 October": of a moment within the past twelve months. */
export function formatMonthDay(moment: string, timeZone: string): string {
  return dateFormat({ day: 'numeric', month: 'long', timeZone }).format(new Date(moment));
}

/** "1 – 30 Nov 2026": the days of a half-open range of moments. */
export function formatSpan(from: string, to: string, timeZone: string): string {
  const last = new Date(new Date(to).getTime() - 1);
  return dateFormat({ day: 'numeric', month: 'short', year: 'numeric', timeZone }).formatRange(new Date(from), last);
}

/** "2026-09" of a moment in a time zone. */
export function monthOf(moment: string, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en', { year: 'numeric', month: '2-digit', timeZone }).formatToParts(
    new Date(moment),
  );
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}`;
}

/** "Mon, Wed and Fri" in the user's language. */
export function formatList(items: string[]): string {
  return new Intl.ListFormat(locale(), { type: 'conjunction' }).format(items);
}

function longDay(timeZone: string): Intl.DateTimeFormat {
  return dateFormat({ day: 'numeric', month: 'long', year: 'numeric', timeZone });
}

function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale(), options);
}
