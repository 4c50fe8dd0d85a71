import '@patternfly/react-core/dist/styles/base.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { configurationOf, PAGE_PATH } from './shell/configuration';
import { preloadSection } from './app/ManageOrganization/Billing/sections';
import { startLanguage } from './shell/language';
import { getOrganization, isSessionStorageAllowed } from './shell/organization';
import { Shell } from './shell/Shell';
import { ChooseOrganization, NotConfigured, ShellPage, StorageBlocked } from './shell/ShellStates';
import { applyTheme, initialTheme } from './shell/theme';

function page() {
  const configuration = configurationOf(window);
  if (Array.isArray(configuration)) {
    return (
      <ShellPage>
        <NotConfigured names={configuration} />
      </ShellPage>
    );
  }
  if (!isSessionStorageAllowed()) {
    return (
      <ShellPage>
        <StorageBlocked />
      </ShellPage>
    );
  }
  const organization = getOrganization(window.location);
  if (organization === null) {
    return (
      <ShellPage>
        <ChooseOrganization />
      </ShellPage>
    );
  }
  return <Shell configuration={configuration} organization={organization} />;
}

const root = document.getElementById('root');
if (root === null) {
  throw new Error('index.html has no element with the id root');
}
applyTheme(initialTheme());
preloadSection(window.location.pathname.slice(PAGE_PATH.length));
await startLanguage();
createRoot(root).render(<StrictMode>{page()}</StrictMode>);
