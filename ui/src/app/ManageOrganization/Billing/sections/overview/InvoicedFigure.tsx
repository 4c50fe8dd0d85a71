import { Skeleton } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { DataOf, Fresh } from '../../api/models';
import { PartState } from '../../components/PartState';
import { Explained } from '../../explain/Explained';
import { formatAmount } from '../../money';
import { useResource } from '../../queries/useResource';
import { Figure } from './Headline';

const HEIGHT = '7rem';

/** What the organization pays on its plan. Only org-admins get it: for others there is no such figure. */
export function InvoicedFigure() {
  const { t } = useTranslation('overview');
  const query = useResource('/api/billing/organization/statement', {});
  if (query.isPending && query.failureReason === null) {
    return (
      <Figure title={t('invoiced')}>
        <Skeleton width="6rem" height="1lh" />
      </Figure>
    );
  }
  return (
    <PartState query={query} height={HEIGHT} term={t('invoiced')}>
      {(fresh) => <Invoiced fresh={fresh} />}
    </PartState>
  );
}

function Invoiced({ fresh }: { fresh: Fresh<DataOf<'/api/billing/organization/statement'>> }) {
  const { t } = useTranslation('overview');
  const { invoiced } = fresh.data;
  if (invoiced == null) {
    return null;
  }
  const show = (amount: number) => formatAmount(amount, fresh.meta);
  const notes = t('invoicedNote', {
    fees: show(invoiced.fees),
    usage: show(invoiced.usage),
    adjustments: show(invoiced.adjustments),
  });
  return (
    <Figure title={t('invoiced')} notes={notes}>
      <Explained subject={{ kind: 'statement', part: 'invoiced', period: null }} name={t('invoiced')}>
        {show(invoiced.total)}
      </Explained>
    </Figure>
  );
}
