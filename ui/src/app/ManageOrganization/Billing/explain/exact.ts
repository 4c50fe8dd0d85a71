/** Numbers that are not rounded, in the language of the page. */
import { digitsOf } from '../currencyDigits';
import { locale } from '../i18n';
import { withUnit } from '../quantities';

/** More than an amount of the API has that a JavaScript number can keep. */
const MOST_DIGITS = 15;

let formatter: Intl.NumberFormat | null = null;

/** "21.887894976" */
export function formatExact(value: number): string {
  if (formatter?.resolvedOptions().locale !== locale()) {
    formatter = new Intl.NumberFormat(locale(), { maximumFractionDigits: MOST_DIGITS });
  }
  return formatter.format(value);
}

/** "3,004.62736 core hours" */
export function exactQuantity(quantity: number, unit: string): string {
  return withUnit(quantity, unit, formatExact(quantity));
}

const amounts = new Map<string, Intl.NumberFormat>();

/** "€21.887894976": with its currency, and at least the digits of it. */
export function exactAmount(amount: number, currency: string | null | undefined): string {
  if (currency == null) {
    return formatExact(amount);
  }
  const key = `${locale()} ${currency}`;
  const known = amounts.get(key);
  const used =
    known ??
    new Intl.NumberFormat(locale(), {
      style: 'currency',
      currency,
      minimumFractionDigits: digitsOf(currency),
      maximumFractionDigits: MOST_DIGITS,
    });
  amounts.set(key, used);
  return used.format(amount);
}
