import { Page, SkipToContent } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { OrganizationSidebar } from './OrganizationSidebar';

const MAIN_ID = 'organization-main';

interface OrganizationLayoutProps {
  /** The page header of the console. */
  masthead: ReactNode;
  children: ReactNode;
}

export function OrganizationLayout({ masthead, children }: OrganizationLayoutProps) {
  const { t } = useTranslation();
  return (
    <Page
      masthead={masthead}
      sidebar={<OrganizationSidebar />}
      isManagedSidebar
      isContentFilled
      mainContainerId={MAIN_ID}
      skipToContent={<SkipToContent href={`#${MAIN_ID}`}>{t('skipToContent')}</SkipToContent>}
    >
      {children}
    </Page>
  );
}
