import { PageSection } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import { Alert } from '../components/Alert';
import { useUnusedParameters } from '../address';

/** A typing error in a link is not silent: the view differs from the one that was meant. */
export function AddressNotice() {
  const { t } = useTranslation();
  const names = useUnusedParameters();
  return names.length === 0 ? null : (
    <PageSection isWidthLimited isCenterAligned padding={{ default: 'noPadding' }} className="billing-notice">
      <Alert isInline variant="warning" title={t('unknownParameterTitle')} component="p">
        <span className="billing-break">{t('unknownParameterBody', { names: names.join(', ') })}</span>
      </Alert>
    </PageSection>
  );
}
