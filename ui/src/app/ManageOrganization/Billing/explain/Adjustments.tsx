import { Content, Title } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Schemas } from '../api/models';
import { formatAmount } from '../money';
import { PlainTable } from './PlainTable';

/** Corrections and credits that count in the month, apart from the figure. */
export function Adjustments({ of: { adjustments, adjustments_rest: rest } }: { of: Schemas['Explanation'] }) {
  const { t } = useTranslation('explain');
  return (
    <section>
      <Title headingLevel="h3" size="md">
        {t('adjustments')}
      </Title>
      <Content component="small">{t('adjustmentsBody')}</Content>
      <PlainTable name={t('adjustments')} head={[t('reason'), t('refersTo'), t('cost')]} firstNumber={2}>
        {adjustments.map((one, index) => (
          <tr key={index}>
            <th scope="row">{one.reason}</th>
            <td>{[one.sku, one.refers_to?.workload].filter(Boolean).join(', ')}</td>
            <td className="billing-right">
              {formatAmount(one.amount, one)}
              {one.invoiced === false && <Content component="small">{t('notInvoiced')}</Content>}
            </td>
          </tr>
        ))}
        {rest.map((one, index) => (
          <tr key={`rest-${String(index)}`}>
            <th scope="row">{t('moreAdjustments', { count: one.rows })}</th>
            <td />
            <td className="billing-right">{formatAmount(one.amount, one)}</td>
          </tr>
        ))}
      </PlainTable>
    </section>
  );
}
