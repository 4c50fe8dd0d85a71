/** Numbers that are not rounded, in the language of the page. */
import { locale } from '../i18n';

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
