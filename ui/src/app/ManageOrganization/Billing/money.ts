/**
 * Amounts of the API as text. An amount or a currency that is not known shows as unknown, never as 0 or as dollars.
 * Amounts arrive rounded by the API to the currency's exponent (hourly rates: 4 digits more) and are not rounded
 * further here, save estimates (`formatEstimate`).
 */
import { texts } from './texts';

const EXTRA_DIGITS_OF_RATES = 4;
/** Enough for 1e-6 in a currency that the API does not name. */
const DIGITS_WITHOUT_CURRENCY = 6;
/** The mean month: 365.25 days / 12, in hours. */
export const HOURS_PER_MONTH = 730.5;

type Style = 'amount' | 'rate';

/** "€1,672.31"; an amount too small for the currency's smallest unit is "<€0.01", not zero. */
export function formatAmount(amount: number | null, currency: string | null): string {
  return format(amount, currency, 'amount');
}

/** "€2.3211": a price per hour, with up to four digits more than the currency has. */
export function formatRate(amount: number | null, currency: string | null): string {
  return format(amount, currency, 'rate');
}

/** "€1,700": what a rate comes to, in the currency's whole units, because more digits would claim too much. */
export function formatEstimate(amount: number, currency: string | null): string {
  const formatter = formatterOf(currency, 'amount');
  return Math.abs(amount) >= 100 && formatter !== null
    ? withoutNegativeZero(
        new Intl.NumberFormat(texts.locale, { ...optionsOf(currency), maximumFractionDigits: 0 }),
        amount,
      )
    : formatAmount(amount, currency);
}

/** "12.3%"; a share that is more than nothing never reads "0%". */
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
  const formatter = formatterOf(currency, style);
  if (formatter === null) {
    const plain = new Intl.NumberFormat(texts.locale, { maximumFractionDigits: DIGITS_WITHOUT_CURRENCY });
    return texts.unknownCurrency(withoutNegativeZero(plain, amount));
  }
  const smallest = 10 ** -(formatter.resolvedOptions().maximumFractionDigits ?? 0);
  if (amount !== 0 && Math.abs(amount) < smallest / 2) {
    return `<${formatter.format(smallest)}`;
  }
  return withoutNegativeZero(formatter, amount);
}

function withoutNegativeZero(formatter: Intl.NumberFormat, amount: number): string {
  return formatter.format(Object.is(amount, -0) ? 0 : amount);
}

const formatters = new Map<string, Intl.NumberFormat | null>();

/** Null when the currency is not known. Kept, because making one takes longer than formatting with it. */
function formatterOf(currency: string | null, style: Style): Intl.NumberFormat | null {
  const key = `${style} ${currency ?? ''}`;
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatter = makeFormatter(currency, style);
    formatters.set(key, formatter);
  }
  return formatter;
}

const KNOWN_CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

function makeFormatter(currency: string | null, style: Style): Intl.NumberFormat | null {
  if (currency === null || !KNOWN_CURRENCIES.has(currency)) {
    return null;
  }
  const amounts = new Intl.NumberFormat(texts.locale, optionsOf(currency));
  const digits = amounts.resolvedOptions().maximumFractionDigits ?? 0;
  return style === 'amount'
    ? amounts
    : new Intl.NumberFormat(texts.locale, {
        ...optionsOf(currency),
        maximumFractionDigits: digits + EXTRA_DIGITS_OF_RATES,
      });
}

function optionsOf(currency: string | null): Intl.NumberFormatOptions {
  return { style: 'currency', currency: currency ?? undefined };
}
