import { EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter, PageSection } from '@patternfly/react-core';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useSearchParams } from 'react-router';

import { viewQuery } from '../address';
import { useBilling } from '../BillingProvider';

export function NotFound() {
  const { t } = useTranslation();
  const { basePath } = useBilling();
  const { pathname } = useLocation();
  const [params] = useSearchParams();
  useEffect(() => {
    document.title = t('sectionTitle', { section: t('notFoundTitle') });
  }, [t]);
  return (
    <PageSection isFilled>
      <EmptyState titleText={t('notFoundTitle')} headingLevel="h1">
        <EmptyStateBody className="billing-break">{t('notFoundBody', { path: pathname })}</EmptyStateBody>
        <EmptyStateFooter>
          <EmptyStateActions>
            <Link to={{ pathname: basePath, search: viewQuery(params).toString() }}>{t('toOverview')}</Link>
          </EmptyStateActions>
        </EmptyStateFooter>
      </EmptyState>
    </PageSection>
  );
}
