import { ErrorResponse, InMemoryWebStorage, UserManager, WebStorageStateStore } from 'oidc-client-ts';

import type { BillingSession } from '../app/ManageOrganization/Billing/api/session';
import { type Configuration, PAGE_PATH } from './configuration';
import { rememberOrganization } from './organization';

/** Kube-DC's public client of every realm. */
const CLIENT_ID = 'kube-dc-console';
/** A session younger than this whose token is refused would be refused again after the next login. */
const TOO_YOUNG_MILLISECONDS = 60_000;

/** Authorization code with PKCE at the organization's realm; tokens live in this object and nowhere else. */
export function makeUserManager(configuration: Configuration, organization: string): UserManager {
  const page = `${configuration.frontendURL}${PAGE_PATH}`;
  return new UserManager({
    authority: `${configuration.keycloakURL}/realms/${organization}`,
    client_id: CLIENT_ID,
    redirect_uri: page,
    post_logout_redirect_uri: page,
    scope: 'openid profile',
    userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
    // The PKCE verifier has to outlive the way to the provider and back; it is deleted there.
    stateStore: new WebStorageStateStore({ store: window.sessionStorage }),
    // Renewed when a call needs it, by the rotating refresh token: an idle tab asks nothing.
    automaticSilentRenew: false,
    monitorSession: false,
  });
}

/** Sends the person to the login page of the organization, and back to the view of now. */
export async function logIn(manager: UserManager, organization: string): Promise<void> {
  rememberOrganization(organization);
  await manager.signinRedirect({ state: { view: window.location.pathname + window.location.search } });
}

/** The view to come back to, of what `logIn` sent along; null when it is not one of this page's. */
export function viewOfState(state: unknown): string | null {
  const view = typeof state === 'object' && state !== null && 'view' in state ? state.view : null;
  return typeof view === 'string' && view.startsWith(PAGE_PATH) && !view.startsWith('//') ? view : null;
}

export function makeSession(manager: UserManager, organization: string): BillingSession {
  const openedAt = Date.now();
  let renewal: Promise<string | null> | null = null;
  return {
    getAccessToken: async () => {
      const user = await manager.getUser();
      return user === null || user.expired === true ? null : user.access_token;
    },
    renewAccessToken: () => {
      renewal ??= renew(manager).finally(() => {
        renewal = null;
      });
      return renewal;
    },
    signIn: (why) => {
      if (why === 'asked' || Date.now() - openedAt > TOO_YOUNG_MILLISECONDS) {
        // A provider that is away rejects; the button stays where it is for another try.
        logIn(manager, organization).catch(() => undefined);
      }
    },
  };
}

async function renew(manager: UserManager): Promise<string | null> {
  const user = await manager.getUser();
  if (user?.refresh_token === undefined) {
    return null;
  }
  try {
    return (await manager.signinSilent())?.access_token ?? null;
  } catch (error) {
    if (error instanceof ErrorResponse) {
      return null; // the provider answered, and the answer was no: RFC 6749, 5.2
    }
    throw error;
  }
}
