/** Budgets as the API has them, and their names in the user's language. */
import type { TFunction } from 'i18next';

import type { Meta } from '../../api/models';
import { formatAmount, formatShare } from '../../money';
import type { Budget } from '../../queries/useBudgets';

export type { Budget };
export type Current = NonNullable<Budget['current']>;
export type Threshold = Budget['thresholds'][number];
export type BudgetScope = Budget['scope'];
export type T = TFunction<['budgets', 'common']>;

export function scopeTitle(t: T, { kind, namespace, label }: BudgetScope): string {
  if (kind === 'label' && label !== null) {
    return namespace === null ? t('scopeLabel', label) : t('scopeLabelIn', { ...label, namespace });
  }
  return namespace === null ? t('scope_organization') : t('scopeProject', { namespace });
}

/** Of a stored budget, or of a body. */
export interface ThresholdLimits {
  basis: 'actual' | 'forecast';
  percent?: number | null;
  amount?: number | null;
  probability?: number | null;
}

/** "80% spent", "€900.00 forecast, at 80%" */
export function thresholdTitle(t: T, { basis, percent, amount, probability }: ThresholdLimits, unit: Meta): string {
  const limit = percent == null ? formatAmount(amount, unit) : formatShare(percent / 100);
  return basis === 'actual'
    ? t('thresholdActual', { limit })
    : t('thresholdForecast', { limit, probability: formatShare(probability) });
}

const REASONS: readonly string[] = [
  'currency_differs',
  'other_currencies',
  'price_missing',
  'not_metered',
  'project_not_found',
  'too_many_lines',
  'amount_too_large',
  'rollover_unknown',
  'no_forecast',
  'forecast_pending',
  'horizon_too_long',
  'short_history',
  'forecast_price_missing',
];

/** Why a figure of a budget is missing. A reason of a newer API has a general text. */
export function reasonText(t: T, reason: string): string {
  return REASONS.includes(reason) ? t(`reason_${reason}` as 'reason_no_forecast') : t('reason_other');
}

/** "€1,000.00 per month" */
export function amountTitle(t: T, { amount, period, currency }: Budget, meta: Meta): string {
  return t(`per_${period}`, { amount: formatAmount(amount, unitOf(currency, meta)) });
}

/** The currency of a budget can be an earlier one of the organization, with other digits. */
export function unitOf(currency: string, meta: Meta): Meta {
  return currency === meta.currency ? meta : { as_of: null, stale: false, currency };
}
