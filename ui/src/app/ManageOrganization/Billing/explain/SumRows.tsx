import { useTranslation } from 'react-i18next';

import type { Meta, Schemas } from '../api/models';
import { formatAmount, formatDifference, formatRate } from '../money';
import { exactAmount } from './exact';
import { SumRow } from './PlainTable';

type Summed = Pick<Schemas['OrganizationExplanation'], 'exact' | 'rounding' | 'value' | 'rest' | 'figure'>;

interface SumRowsProps {
  explanation: Omit<Summed, 'figure'> & { figure: string | null };
  meta: Meta;
  columns: number;
  /** The figure in the view that it is from, if it is rounded together with others. */
  shown?: number | null | undefined;
}

/** From the rows to the figure, to the last digit. */
export function SumRows({ explanation, meta, columns, shown }: SumRowsProps) {
  const { t } = useTranslation('explain');
  const { rest, exact, rounding, value } = explanation;
  const show = explanation.figure === 'total_cost_per_hour' ? formatRate : formatAmount;
  const differs = value !== null && typeof shown === 'number' && shown !== value;
  return (
    <>
      {rest !== null && (
        <SumRow
          columns={columns}
          name={t('restRows', { count: rest.rows })}
          text={exactAmount(rest.amount, meta.currency)}
        />
      )}
      <SumRow columns={columns} name={t('sum')} text={exactAmount(exact, meta.currency)} />
      {rounding !== null && (
        <SumRow columns={columns} name={t('rounding')} text={exactAmount(rounding, meta.currency)} />
      )}
      {value !== null && <SumRow columns={columns} name={t('value')} text={show(value, meta)} isBold={!differs} />}
      {differs && (
        <>
          <SumRow columns={columns} name={t('together')} text={formatDifference(shown - value, meta)} />
          <SumRow columns={columns} name={t('shown')} text={show(shown, meta)} isBold />
        </>
      )}
    </>
  );
}
