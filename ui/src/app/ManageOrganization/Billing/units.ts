import type { Meta } from './api/models';
import type { Unit } from './money';

/** The digits that the API sends are those of its currency. */
export function unitOf(currency: string | null, meta: Meta | null): Unit {
  return { currency, ...(currency === meta?.currency && { currency_digits: meta.currency_digits ?? null }) };
}
