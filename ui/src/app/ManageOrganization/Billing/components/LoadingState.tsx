import { Alert } from '@patternfly/react-core';
import { type ReactNode, useEffect, useState } from 'react';

import { texts } from '../texts';

/** A running function responds within this time. A longer wait is a cold start. */
const WARM_MILLISECONDS = 2000;

export function LoadingState({ children }: { children: ReactNode }) {
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
      <div role="status">
        {isWaking ? (
          <Alert isInline variant="info" title={texts.waking} component="p" />
        ) : (
          <span className="pf-v6-screen-reader">{texts.loading}</span>
        )}
      </div>
      <div aria-hidden="true" className="billing-stack">
        {children}
      </div>
    </>
  );
}
