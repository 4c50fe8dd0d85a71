import { Button } from '@patternfly/react-core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { usePrinting } from './usePrinting';

const FIRST_ROWS = 50;

interface ShowAllProps<Row> {
  rows: readonly Row[];
  children: (shown: readonly Row[]) => ReactNode;
}

/** The first rows of a long table, and all of them on demand and on paper. */
export function ShowAll<Row>({ rows, children }: ShowAllProps<Row>) {
  const { t } = useTranslation();
  const isPrinting = usePrinting();
  const [isAll, setIsAll] = useState(false);
  const shown = isAll || isPrinting ? rows : rows.slice(0, FIRST_ROWS);
  return (
    <>
      {children(shown)}
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
