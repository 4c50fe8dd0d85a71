import { useTranslation } from 'react-i18next';

import type { Meta, Schemas } from '../api/models';
import { ShowAll } from '../components/ShowAll';
import { exactAmount, exactQuantity, formatExact } from './exact';
import { PlainTable } from './PlainTable';
import { SumRows } from './SumRows';
import { validityOf } from './validity';

type Explanation = Schemas['Explanation'];
type Row = Explanation['rows'][number];

const COLUMNS = 7;

interface RowTableProps {
  explanation: Explanation;
  meta: Meta;
  shown?: number | null | undefined;
}

/** The rows, exact: with the rounding they add up to the figure. */
export function RowTable({ explanation, meta, shown: figure }: RowTableProps) {
  const { t } = useTranslation('explain');
  const zone = meta.time_zone ?? 'UTC';
  const head = [t('sku'), t('workload'), t('hours'), t('quantity'), t('unitPrice'), t('validity'), t('amount')];
  return (
    <ShowAll rows={explanation.rows}>
      {(shown) => (
        <PlainTable name={t('rows')} head={head} firstNumber={2} texts={[5]}>
          {shown.map((row, index) => (
            <UsageRow
              key={`${row.sku} ${row.workload} ${row.price?.id ?? ''} ${index}`}
              row={row}
              zone={zone}
              currency={meta.currency}
            />
          ))}
          <SumRows explanation={explanation} meta={meta} columns={COLUMNS} shown={figure} />
        </PlainTable>
      )}
    </ShowAll>
  );
}

function UsageRow({ row, zone, currency }: { row: Row; zone: string; currency: Meta['currency'] }) {
  const { t } = useTranslation('explain');
  const cells = [
    row.workload === '-' ? t('noWorkload') : row.workload,
    formatExact(row.hours),
    exactQuantity(row.quantity, row.unit),
    row.price === null
      ? t(row.amount === null ? 'noPrice' : 'needsNoPrice')
      : exactAmount(row.price.unit_price, currency),
    validityOf(t, row.price, zone),
    row.amount === null ? t('noPrice') : exactAmount(row.amount, currency),
  ];
  return (
    <tr>
      <th scope="row">{row.sku}</th>
      {cells.map((cell, index) => (
        <td key={index} className={index === 0 ? undefined : index === 4 ? 'billing-wide' : 'billing-right'}>
          {cell}
        </td>
      ))}
    </tr>
  );
}
