import './billing.css';

import { Route, Routes } from 'react-router';

import { AddressProvider } from './address';
import { NotFound } from './layout/NotFound';
import { SectionLayout } from './layout/SectionLayout';
import { LiveProvider } from './live/LiveProvider';
import { ProjectPage, SECTION_PAGES, SECTIONS } from './sections';

/** The Billing page. Render it inside a BillingProvider, a QueryClientProvider and a router, after `loadTexts`. */
export function Billing() {
  return (
    <AddressProvider>
      <LiveProvider>
        <Routes>
          {SECTIONS.map(({ name, path, hasBar, hasPeriod, hasViews }) => {
            const SectionPage = SECTION_PAGES[name];
            return (
              <Route key={name} element={<SectionLayout hasBar={hasBar} hasPeriod={hasPeriod} />}>
                <Route path={hasViews ? `${path}/*` : path} element={<SectionPage />} />
                {name === 'projects' && <Route path="projects/:namespace" element={<ProjectPage />} />}
              </Route>
            );
          })}
          <Route path="*" element={<NotFound />} />
        </Routes>
      </LiveProvider>
    </AddressProvider>
  );
}
