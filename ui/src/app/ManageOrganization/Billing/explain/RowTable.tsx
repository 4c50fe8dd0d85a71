import { Button } from '@patternfly/react-core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { Meta, Schemas } from '../api/models';
import { formatTime } from '../dates';
import { formatAmount } from '../money';
import { formatExact } from './exact';
import { PlainTable, SumRow } from './PlainTable';

type Explanation = Schemas['Explanation'];
type Row = Explanation['rows'][number];

const FIRST_ROWS = 50;
const COLUMNS = 7;

/** The rows, exact: with the rounding they add up to the figure. */
export function RowTable({ explanation, meta }: { explanation: Explanation; meta: Meta }) {
  const { t } = useTranslation('explain');
  const [isAll, setIsAll] = useState(false);
  const { rows, rest, exact, rounding, value } = explanation;
  const shown = isAll ? rows : rows.slice(0, FIRST_ROWS);
  const zone = meta.time_zone ?? 'UTC';
  const head = [t('sku'), t('workload'), t('hours'), t('quantity'), t('unitPrice'), t('validity'), t('amount')];
  return (
    <>
      <PlainTable name={t('rows')} head={head} firstNumber={2} texts={[5]}>
        {shown.map((row, index) => (
          <UsageRow key={`${row.sku} ${row.workload} ${row.price?.id ?? ''} ${index}`} row={row} zone={zone} />
        ))}
        {rest !== null && (
          <SumRow columns={COLUMNS} name={t('restRows', { count: rest.rows })} text={formatExact(rest.amount)} />
        )}
        <SumRow columns={COLUMNS} name={t('sum')} text={formatExact(exact)} />
        {rounding !== null && <SumRow columns={COLUMNS} name={t('rounding')} text={formatExact(rounding)} />}
        {value !== null && <SumRow columns={COLUMNS} name={t('value')} text={formatAmount(value, meta)} isBold />}
      </PlainTable>
      {shown.length < rows.length && (
        <div>
          <Button
            variant="link"
            isInline
            onClick={() => {
              setIsAll(true);
            }}
          >
            {t('showAll', { count: rows.length })}
          </Button>
        </div>
      )}
    </>
  );
}

function UsageRow({ row, zone }: { row: Row; zone: string }) {
  const { t } = useTranslation('explain');
  const cells = [
    row.workload === '-' ? t('noWorkload') : row.workload,
    formatExact(row.hours),
    `${formatExact(row.quantity)} ${row.unit}`,
    row.price === null ? t(row.amount === null ? 'noPrice' : 'needsNoPrice') : formatExact(row.price.unit_price),
    validityOf(t, row.price, zone),
    row.amount === null ? t('noPrice') : formatExact(row.amount),
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

/** "from 12 Oct 2026, 00:00 UTC, own price list" */
function validityOf(t: TFunction<'explain'>, price: Row['price'], zone: string): string {
  if (price === null) {
    return '';
  }
  const from = price.valid_from === null ? null : formatTime(new Date(price.valid_from), zone);
  const to = price.valid_until === null ? null : formatTime(new Date(price.valid_until), zone);
  const dates =
    from === null
      ? to === null
        ? t('always')
        : t('until', { to })
      : to === null
        ? t('since', { from })
        : t('sinceUntil', { from, to });
  return price.list === null ? dates : `${dates}, ${t('ownList')}`;
}
