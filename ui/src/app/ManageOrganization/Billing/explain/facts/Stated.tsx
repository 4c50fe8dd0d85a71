import { Content } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import type { Fresh } from '../../api/models';
import { ApiRequest } from '../ApiRequest';
import { Completeness } from '../Completeness';
import { FigureHead } from '../FigureHead';
import { OpenPart } from '../OpenPart';
import { PlainTable } from '../PlainTable';
import type { ExplainSubject } from '../subject';

export interface StatedRow {
  name: string;
  text: string;
  isBold?: boolean;
  /** What the row is made of. */
  part?: ExplainSubject | undefined;
}

interface StatedProps {
  name: string;
  value: string | null;
  range: string;
  /** Of the response that has the figure. */
  fresh: Fresh<unknown>;
  /** False: the figure is not the cost of usage. */
  isUsageCost?: boolean;
  /** How the figure is made: one sentence each. */
  method: readonly (string | null)[];
  rows: readonly StatedRow[];
  /** Of the request that gives the same, below the address of the API. */
  address: string;
  onOpen?: (subject: ExplainSubject) => void;
  children?: ReactNode;
}

/** How a figure is made that has no rows of usage: what it consists of, in which way, and how complete it is. */
export function Stated({
  name,
  value,
  range,
  fresh,
  isUsageCost = true,
  method,
  rows,
  address,
  onOpen,
  children,
}: StatedProps) {
  const { t } = useTranslation('explain');
  return (
    <>
      <FigureHead name={name} value={value} range={range} />
      <Content component="ul">
        {method
          .filter((sentence) => sentence !== null)
          .map((sentence) => (
            <Content component="li" key={sentence}>
              {sentence}
            </Content>
          ))}
      </Content>
      <Completeness fresh={fresh} isUsageCost={isUsageCost} />
      {rows.length > 0 && (
        <PlainTable name={t('parts')} head={[t('part'), t('figure')]} firstNumber={1}>
          {rows.map((row, index) => (
            <Row key={`${row.name} ${index}`} row={row} onOpen={onOpen} />
          ))}
        </PlainTable>
      )}
      {children}
      <ApiRequest address={address} />
    </>
  );
}

function Row({ row: { name, text, part, isBold = false }, onOpen }: { row: StatedRow } & Pick<StatedProps, 'onOpen'>) {
  const { t } = useTranslation();
  return (
    <tr className={isBold ? 'billing-totals' : undefined}>
      <th scope="row">{name}</th>
      <td className="billing-right">
        {part === undefined || onOpen === undefined ? (
          text
        ) : (
          <OpenPart
            name={t('explain', { figure: text, name })}
            onOpen={() => {
              onOpen(part);
            }}
          >
            {text}
          </OpenPart>
        )}
      </td>
    </tr>
  );
}
