/**
 * The first file of the page. It is small: it sends a user without a session to the login, and what shows the page
 * (page.tsx) is loaded meanwhile.
 */
import { languageOfUser, textsOf } from './app/ManageOrganization/Billing/i18n/languages';
import { configurationOf } from './shell/configuration';
import { openSession } from './shell/login';
import { getOrganization, isSessionStorageAllowed } from './shell/organization';
import type { Start } from './shell/Start';
import { applyTheme, initialTheme } from './shell/theme';

function begin(): Start {
  const configuration = configurationOf(window);
  if (Array.isArray(configuration)) {
    return { kind: 'not_configured', names: configuration };
  }
  if (!isSessionStorageAllowed()) {
    return { kind: 'storage_blocked' };
  }
  const organization = getOrganization(window.location);
  if (organization === null) {
    return { kind: 'no_organization' };
  }
  return { kind: 'session', ...openSession(configuration, organization) };
}

applyTheme(initialTheme());
const start = begin();
void textsOf(languageOfUser());
void import('./page').then(({ show }) => show(start));
