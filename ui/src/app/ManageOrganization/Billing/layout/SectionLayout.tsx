import { PageSection } from '@patternfly/react-core';
import { Suspense } from 'react';
import { Outlet, useLocation } from 'react-router';

import { LoadingState } from '../components/LoadingState';
import { AddressNotice } from './AddressNotice';
import { Bar } from './Bar';
import { SectionBoundary } from './SectionBoundary';
import { ShownQualityProvider } from './ShownQuality';

/** What is around each section: the bar, notices about the address, and what is shown while its file loads. */
export function SectionLayout({ hasBar, hasPeriod }: { hasBar: boolean; hasPeriod: boolean }) {
  const { pathname } = useLocation();
  return (
    <ShownQualityProvider>
      {hasBar && <Bar hasPeriod={hasPeriod} />}
      <AddressNotice />
      <SectionBoundary key={pathname}>
        <Suspense
          fallback={
            <PageSection isWidthLimited isCenterAligned isFilled>
              <LoadingState>{null}</LoadingState>
            </PageSection>
          }
        >
          <Outlet />
        </Suspense>
      </SectionBoundary>
    </ShownQualityProvider>
  );
}
