import { Button } from '@patternfly/react-core';
import CheckIcon from '@patternfly/react-icons/dist/esm/icons/check-icon';
import CopyIcon from '@patternfly/react-icons/dist/esm/icons/copy-icon';
import { useState } from 'react';

import { useTranslation } from 'react-i18next';

type Outcome = 'copied' | 'failed';

/** Copies the address of the current view. */
export function CopyLink() {
  const { t } = useTranslation();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const copy = () => {
    navigator.clipboard.writeText(window.location.href).then(
      () => {
        setOutcome('copied');
      },
      () => {
        setOutcome('failed'); // permission denied, or the page has no focus
      },
    );
  };
  return (
    <>
      <Button variant="secondary" size="sm" icon={outcome === 'copied' ? <CheckIcon /> : <CopyIcon />} onClick={copy}>
        {t('copyLink')}
      </Button>
      <span role="status" className={outcome === 'failed' ? undefined : 'pf-v6-screen-reader'}>
        {outcome === 'copied' && t('linkCopied')}
        {outcome === 'failed' && t('copyFailed')}
      </span>
    </>
  );
}
