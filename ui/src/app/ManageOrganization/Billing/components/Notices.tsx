import { Alert, AlertActionLink } from '@patternfly/react-core';

import type { ApiError } from '../api/errors';
import type { Fresh } from '../api/models';
import { useBilling } from '../BillingProvider';
import { formatAge } from '../dates';
import { texts } from '../texts';

interface FreshnessNoticesProps {
  fresh: Fresh<unknown>;
  refreshError: ApiError | null;
  onTryAgain: () => void;
}

/** Shows that the figures are stale, and the reason. */
export function FreshnessNotices({ fresh, refreshError, onTryAgain }: FreshnessNoticesProps) {
  return (
    <div role="status" className="billing-stack">
      {fresh.staleSeconds !== null && (
        <Alert isInline variant="warning" title={texts.staleTitle(formatAge(fresh.staleSeconds))} component="p">
          {texts.staleBody}
        </Alert>
      )}
      {refreshError?.kind === 'unauthorized' && <SessionEnded />}
      {refreshError !== null && refreshError.kind !== 'unauthorized' && (
        <Alert
          isInline
          variant="warning"
          title={texts.refreshFailedTitle}
          component="p"
          actionLinks={<AlertActionLink onClick={onTryAgain}>{texts.tryAgain}</AlertActionLink>}
        >
          {refreshError.kind === 'offline' ? texts.refreshOffline : refreshError.message}
        </Alert>
      )}
    </div>
  );
}

/** No redirect while the user reads. The user logs in by the button. */
function SessionEnded() {
  const { session } = useBilling().api;
  const logIn = () => {
    session.signIn('asked');
  };
  return (
    <Alert
      isInline
      variant="info"
      title={texts.expiredTitle}
      component="p"
      actionLinks={<AlertActionLink onClick={logIn}>{texts.logIn}</AlertActionLink>}
    >
      {texts.expiredBody}
    </Alert>
  );
}

export function UnpricedNotice({ count }: { count: number }) {
  return (
    <Alert isInline variant="warning" title={texts.unpricedTitle(count)} component="p">
      {texts.unpricedBody(count)}
    </Alert>
  );
}
