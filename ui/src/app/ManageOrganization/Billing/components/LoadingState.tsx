import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Alert } from './Alert';

/** A running function responds within this time. A longer wait is a cold start. */
const WARM_MILLISECONDS = 2000;

/** The children have the shape of what comes. The note floats, so that nothing moves when it appears. */
export function LoadingState({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [isWaking, setIsWaking] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      setIsWaking(true);
    }, WARM_MILLISECONDS);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  return (
    <>
      <div role="status" className="billing-waking">
        {isWaking ? (
          <Alert isInline variant="info" title={t('waking')} component="p" />
        ) : (
          <span className="pf-v6-screen-reader">{t('loading')}</span>
        )}
      </div>
      <div aria-hidden="true" className="billing-stack">
        {children}
      </div>
    </>
  );
}
