import './tables.css';

import type { ReactNode } from 'react';

interface PlainTableProps {
  name: string;
  head: readonly string[];
  /** From this column on there are numbers, except in `texts`. */
  firstNumber: number;
  texts?: readonly number[];
  children: ReactNode;
}

/** A table without a component for each cell, because an explanation has up to 7000 of them. */
export function PlainTable({ name, head, firstNumber, texts = [], children }: PlainTableProps) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the keyboard scrolls it
    <div className="billing-scroll" role="region" aria-label={name} tabIndex={0}>
      <table className="billing-plain">
        <thead>
          <tr>
            {head.map((title, index) => (
              <th
                key={title}
                scope="col"
                className={index < firstNumber || texts.includes(index) ? undefined : 'billing-right'}
              >
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

interface SumRowProps {
  columns: number;
  name: string;
  text: string;
  isBold?: boolean;
}

/** A row with a name and a number in the last column. */
export function SumRow({ columns, name, text, isBold = false }: SumRowProps) {
  return (
    <tr className={isBold ? 'billing-totals' : undefined}>
      <th scope="row" colSpan={columns - 1}>
        {name}
      </th>
      <td className="billing-right">{text}</td>
    </tr>
  );
}
