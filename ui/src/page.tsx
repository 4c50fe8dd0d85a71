import '@patternfly/react-core/dist/styles/base.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { preloadSection } from './app/ManageOrganization/Billing/sections';
import { PAGE_PATH } from './shell/configuration';
import { startLanguage } from './shell/language';
import { Start, type Start as StartOf } from './shell/Start';

export async function show(start: StartOf): Promise<void> {
  const root = document.getElementById('root');
  if (root === null) {
    throw new Error('index.html has no element with the id root');
  }
  preloadSection(window.location.pathname.slice(PAGE_PATH.length));
  await startLanguage();
  createRoot(root).render(
    <StrictMode>
      <Start {...start} />
    </StrictMode>,
  );
}
