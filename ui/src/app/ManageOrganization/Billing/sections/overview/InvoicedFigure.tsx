import { Skeleton } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import { PartState } from '../../components/PartState';
import { viewStateOf } from '../../components/viewState';
import { Explained } from '../../explain/Explained';
import { formatAmount } from '../../money';
import { useResource } from '../../queries/useResource';
import { Figure } from './Headline';

const HEIGHT = '7rem';

/** What the organization pays on its plan. Only org-admins get it: for others there is no such figure. */
export function InvoicedFigure() {
  const { t } = useTranslation('overview');
  const query = useResource('/api/billing/organization/statement', {});
  const state = viewStateOf(query);
  if (state.kind === 'error') {
    return (
      <PartState query={query} height={HEIGHT} term={t('invoiced')}>
        {() => null}
      </PartState>
    );
  }
  if (state.kind === 'loading') {
    return (
      <Figure title={t('invoiced')}>
        <Skeleton width="6rem" height="1lh" />
      </Figure>
    );
  }
  const { fresh } = state;
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
