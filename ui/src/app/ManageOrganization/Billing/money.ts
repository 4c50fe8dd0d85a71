/**
 * Formats amounts of the API. An unknown amount or currency is shown as unknown, never as 0 or as dollars.
 * The API rounds amounts to the digits of the currency and sends the number of digits. The browser's own number of
 * digits differs for 17 currencies. Hourly rates have up to four more digits; two of them are shown.
 */
import { digitsOf } from './currencyDigits';
import { i18n, locale } from './i18n';

/** `meta` of a response is one. Without digits, those of ISO 4217. */
export interface Unit {
  currency?: string | null;
  currency_digits?: number | null;
}

const EXTRA_DIGITS_OF_RATES = 2;
const DIGITS_WITHOUT_CURRENCY = 4;
const CODE = /^[A-Z]{3}$/;
/** Some browsers know a symbol of it that few people know. */
const SHOWN_AS_CODE = new Set(['XCG']);

type Amount = number | null | undefined;

/**
 * "€1,672.31". A positive amount that rounds to nothing is "<€0.01", not zero: give `almostNothing` of the API, whose
 * amounts are rounded already.
 */
export function formatAmount(amount: Amount, unit: Unit, almostNothing = false): string {
  return format(amount, unit, { extra: 0, almostNothing });
}

/** "€2.3211": a price per hour, with two more digits than the currency has. */
export function formatRate(amount: Amount, unit: Unit): string {
  return format(amount, unit, { extra: EXTRA_DIGITS_OF_RATES });
}

/** "€1,672": where the digits after the point do not matter, such as an axis or the end of a forecast. */
export function formatWhole(amount: Amount, unit: Unit): string {
  return format(amount, unit, { whole: typeof amount === 'number' && Math.abs(amount) >= 100 });
}

/** "+€12.30", "−€12.30", "€0.00": a difference of two shown figures. */
export function formatDifference(amount: Amount, unit: Unit): string {
  return format(amount, unit, { signed: true });
}

/** "€0, €50, €100": an axis up to `top`. All its labels have the same digits. */
export function formatTick(amount: number, top: number, unit: Unit): string {
  return format(amount, unit, { whole: top >= 10 });
}

/** Whether the digits after the point do not matter in a range. */
export function isWide(low: number, high: number): boolean {
  return Math.abs(high) >= 100 && high - low >= 10;
}

/** "€815 – €870" as the browser's language writes a range. */
export function formatAmountRange(low: Amount, high: Amount, unit: Unit): string {
  if (typeof low !== 'number' || typeof high !== 'number' || !isCode(unit.currency)) {
    return `${formatAmount(low, unit)} – ${formatAmount(high, unit)}`;
  }
  return formatterOf(unit, { whole: isWide(low, high) }).formatRange(low, high);
}

/** "US$491.33, CHF 2.00": amounts by currency, as the API sends the cost in currencies that the organization had before. */
export function formatAmounts(amounts: Readonly<Record<string, number>>): string {
  return Object.entries(amounts)
    .map(([currency, amount]) => formatAmount(amount, { currency }))
    .join(', ');
}

/** "12.3%" of a share from 0 to 1. A share above 0 is never shown as "0%". */
export function formatShare(share: number | null | undefined): string {
  if (typeof share !== 'number' || !Number.isFinite(share)) {
    return i18n.t('common:unknown');
  }
  const percent = percentFormatter(false);
  return share > 0 && share < 0.0005 ? `<${percent.format(0.001)}` : percent.format(share);
}

/** "+12.3%" of a ratio: 0.123. */
export function formatChange(ratio: number | null | undefined): string {
  return typeof ratio === 'number' && Number.isFinite(ratio)
    ? percentFormatter(true).format(ratio)
    : i18n.t('common:unknown');
}

interface Style {
  extra?: number;
  whole?: boolean;
  signed?: boolean;
  almostNothing?: boolean;
}

function format(amount: Amount, unit: Unit, style: Style): string {
  if (typeof amount !== 'number' || !Number.isFinite(amount)) {
    return i18n.t('common:unknown');
  }
  const text = formatKnown(amount, formatterOf(unit, style), style.almostNothing === true);
  return isCode(unit.currency) ? text : i18n.t('common:unknownCurrency', { amount: text });
}

function formatKnown(amount: number, formatter: Intl.NumberFormat, almostNothing: boolean): string {
  const smallest = 10 ** -(formatter.resolvedOptions().maximumFractionDigits ?? 0);
  if ((amount === 0 && almostNothing) || (amount !== 0 && Math.abs(amount) < smallest / 2)) {
    return amount < 0 ? `>${formatter.format(-smallest)}` : `<${formatter.format(smallest)}`;
  }
  return formatter.format(Object.is(amount, -0) ? 0 : amount);
}

function isCode(currency: string | null | undefined): currency is string {
  return typeof currency === 'string' && CODE.test(currency);
}

const formatters = new Map<string, Intl.NumberFormat>();

/** Cached, because creating one takes longer than formatting with it. */
function formatterOf({ currency, currency_digits: digits }: Unit, style: Style): Intl.NumberFormat {
  const { extra = 0, whole = false, signed = false } = style;
  const key = [locale(), currency, digits, extra, whole, signed].join(' ');
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    const shown = (digits ?? (isCode(currency) ? digitsOf(currency) : DIGITS_WITHOUT_CURRENCY)) + extra;
    formatter = new Intl.NumberFormat(locale(), {
      ...(isCode(currency) && {
        style: 'currency',
        currency,
        currencyDisplay: SHOWN_AS_CODE.has(currency) ? 'code' : 'symbol',
      }),
      minimumFractionDigits: whole || !isCode(currency) ? 0 : shown,
      maximumFractionDigits: whole ? 0 : shown,
      ...(signed && { signDisplay: 'exceptZero' }),
    });
    formatters.set(key, formatter);
  }
  return formatter;
}

function percentFormatter(signed: boolean): Intl.NumberFormat {
  const key = `percent ${locale()} ${String(signed)}`;
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatter = new Intl.NumberFormat(locale(), {
      style: 'percent',
      maximumFractionDigits: 1,
      ...(signed && { signDisplay: 'exceptZero' }),
    });
    formatters.set(key, formatter);
  }
  return formatter;
}
