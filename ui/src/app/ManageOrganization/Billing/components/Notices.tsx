import { AlertActionLink } from '@patternfly/react-core';

import { Alert } from './Alert';
import type { ApiError } from '../api/errors';
import { errorText } from '../api/errorText';
import type { Fresh, Meta } from '../api/models';
import { useBilling } from '../BillingProvider';
import { formatAge } from '../dates';
import { formatAmounts } from '../money';
import { ageSeconds, useNow } from '../now';
import { useTranslation } from 'react-i18next';

interface FreshnessNoticesProps {
  fresh: Fresh<unknown>;
  refreshError: ApiError | null;
  onTryAgain: () => void;
}

/** Shows that the figures are stale, and the reason. */
export function FreshnessNotices({ fresh, refreshError, onTryAgain }: FreshnessNoticesProps) {
  const { t } = useTranslation();
  const now = useNow();
  return (
    <div role="status" className="billing-stack">
      {fresh.staleSeconds !== null && (
        <Alert
          isInline
          variant="warning"
          title={t('staleTitle', { age: formatAge(ageSeconds(fresh, now)) })}
          component="p"
        >
          {t('staleBody')}
        </Alert>
      )}
      {refreshError?.kind === 'unauthorized' && <SessionEnded />}
      {refreshError !== null && refreshError.kind !== 'unauthorized' && (
        <Alert
          isInline
          variant="warning"
          title={t('refreshFailedTitle')}
          component="p"
          actionLinks={<AlertActionLink onClick={onTryAgain}>{t('tryAgain')}</AlertActionLink>}
        >
          {refreshError.kind === 'offline' ? t('refreshOffline') : errorText(refreshError)}
        </Alert>
      )}
    </div>
  );
}

/** No redirect while the user reads. The user logs in by the button. */
function SessionEnded() {
  const { t } = useTranslation();
  const { session } = useBilling().api;
  const logIn = () => {
    session.signIn('asked');
  };
  return (
    <Alert
      isInline
      variant="info"
      title={t('expiredTitle')}
      component="p"
      actionLinks={<AlertActionLink onClick={logIn}>{t('logIn')}</AlertActionLink>}
    >
      {t('expiredBody')}
    </Alert>
  );
}

export function UnpricedNotice({ count }: { count: number }) {
  const { t } = useTranslation();
  return (
    <Alert isInline variant="warning" title={t('unpricedTitle', { count })} component="p">
      {t('unpricedBody', { count })}
    </Alert>
  );
}

/** Hours of the period have missing samples. */
export function IncompleteNotice({ hours }: { hours: number }) {
  const { t } = useTranslation();
  return (
    <Alert isInline variant="warning" title={t('usageIncomplete', { count: hours })} component="p">
      {t('usageIncompleteBody')}
    </Alert>
  );
}

/** On a plan, the cost of usage is not what is invoiced. */
export function ListPriceNotice({ meta }: { meta: Meta }) {
  const { t } = useTranslation();
  return meta.cost_basis === 'list_price' ? <p className="billing-note">{t('listPriceNotice')}</p> : null;
}

/** Usage without a price is in no amount. */
export function UnratedNotice() {
  const { t } = useTranslation();
  return (
    <Alert isInline variant="warning" title={t('unratedTitle')} component="p">
      {t('unratedBody')}
    </Alert>
  );
}

/** Cost in currencies that the organization had before: it is in no other amount of the API. */
export function OtherCurrenciesNotice({ amounts }: { amounts: Readonly<Record<string, number>> | undefined }) {
  const { t } = useTranslation();
  return amounts === undefined || Object.keys(amounts).length === 0 ? null : (
    <Alert isInline variant="info" component="p" title={t('otherCurrencies')}>
      {t('otherCurrenciesBody', { amounts: formatAmounts(amounts) })}
    </Alert>
  );
}
