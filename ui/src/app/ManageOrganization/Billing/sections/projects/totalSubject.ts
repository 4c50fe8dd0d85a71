import type { CurrencyTotal, Meta } from '../../api/models';
import type { ExplainSubject, SummaryFigure } from '../../explain/subject';

/**
 * What a total of the list is made of. Undefined: it is in a currency that the organization had before, or of a month
 * that has no last day.
 */
export function totalSubject(
  figure: SummaryFigure,
  total: CurrencyTotal,
  meta: Meta | null,
  period: string | null,
): ExplainSubject | undefined {
  const isExplained = total.currency === meta?.currency && (period === null || figure === 'current_month_total');
  return isExplained ? { kind: 'organization', figure, period, shown: total[figure] } : undefined;
}
