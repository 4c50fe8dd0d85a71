import '@patternfly/react-core/dist/styles/base.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { configurationOf } from './shell/configuration';
import { getOrganization } from './shell/organization';
import { Shell } from './shell/Shell';
import { ChooseOrganization, NotConfigured, ShellPage } from './shell/ShellStates';
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
createRoot(root).render(<StrictMode>{page()}</StrictMode>);
