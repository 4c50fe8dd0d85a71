/**
 * Formats amounts of the API. An unknown amount or currency is shown as unknown, never as 0 or as dollars.
 * The API rounds amounts to the currency's digits, and they are shown with these digits. Hourly rates have up to four
 * more digits; two of them are shown.
 */
import { texts } from './texts';

const EXTRA_DIGITS_OF_RATES = 2;
/** The digits of a rate in most currencies. */
const DIGITS_WITHOUT_CURRENCY = 4;
/** The average month in hours: 365.25 days / 12. */
export const HOURS_PER_MONTH = 730.5;

type Style = 'amount' | 'rate' | 'whole';

/** "€1,672.31". An amount below the currency's smallest unit is "<€0.01", not zero. */
export function formatAmount(amount: number | null, currency: string | null): string {
  return format(amount, currency, 'amount');
}

/** "€2.3211": a price per hour, with two more digits than the currency has. */
export function formatRate(amount: number | null, currency: string | null): string {
  return format(amount, currency, 'rate');
}

/** "€1,700": a rate over a longer time, or an average. From 100 on without digits, because it is an estimate. */
export function formatEstimate(amount: number, currency: string | null): string {
  return format(amount, currency, Math.abs(amount) >= 100 ? 'whole' : 'amount');
}

/** "12.3%". A share above 0 is never shown as "0%". */
export function formatShare(share: number | null): string {
  if (share === null || !Number.isFinite(share)) {
    return texts.unknown;
  }
  const percent = new Intl.NumberFormat(texts.locale, { style: 'percent', maximumFractionDigits: 1 });
  return share > 0 && share < 0.001 ? `<${percent.format(0.001)}` : percent.format(share);
}

function format(amount: number | null, currency: string | null, style: Style): string {
  if (amount === null || !Number.isFinite(amount)) {
    return texts.unknown;
  }
  const isKnown = currency !== null && KNOWN_CURRENCIES.has(currency);
  const text = formatKnown(amount, formatterOf(isKnown ? currency : null, style));
  return isKnown ? text : texts.unknownCurrency(text);
}

function formatKnown(amount: number, formatter: Intl.NumberFormat): string {
  const smallest = 10 ** -(formatter.resolvedOptions().maximumFractionDigits ?? 0);
  if (amount !== 0 && Math.abs(amount) < smallest / 2) {
    return `<${formatter.format(smallest)}`;
  }
  return formatter.format(Object.is(amount, -0) ? 0 : amount);
}

const KNOWN_CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));
const formatters = new Map<string, Intl.NumberFormat>();

/** Cached, because creating one takes longer than formatting with it. */
function formatterOf(currency: string | null, style: Style): Intl.NumberFormat {
  const key = `${style} ${currency ?? ''}`;
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatter = new Intl.NumberFormat(texts.locale, optionsOf(currency, style));
    formatters.set(key, formatter);
  }
  return formatter;
}

function optionsOf(currency: string | null, style: Style): Intl.NumberFormatOptions {
  if (currency === null) {
    return { maximumFractionDigits: style === 'whole' ? 0 : DIGITS_WITHOUT_CURRENCY };
  }
  const options = { style: 'currency', currency } as const;
  if (style === 'amount') {
    return options;
  }
  const digits = new Intl.NumberFormat(texts.locale, options).resolvedOptions().maximumFractionDigits ?? 0;
  const wanted = style === 'whole' ? 0 : digits + EXTRA_DIGITS_OF_RATES;
  return { ...options, minimumFractionDigits: wanted, maximumFractionDigits: wanted };
}
