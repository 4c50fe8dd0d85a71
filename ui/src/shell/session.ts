import {
  ErrorResponse,
  InMemoryWebStorage,
  type OidcMetadata,
  UserManager,
  WebStorageStateStore,
} from 'oidc-client-ts';

import type { BillingSession } from '../app/ManageOrganization/Billing/api/session';
import { type Configuration, PAGE_PATH } from './configuration';
import { rememberOrganization } from './organization';

/** The public client of Kube-DC in every realm. */
const CLIENT_ID = 'kube-dc-console';
/** If the token of a session younger than this is rejected, a new login would not help. */
const TOO_YOUNG_MILLISECONDS = 60_000;

/**
 * Authorization code with PKCE at the organization's realm. Tokens are stored in this object only. Without `metadata` it
 * reads the provider's discovery document.
 */
export function makeUserManager(
  configuration: Configuration,
  organization: string,
  metadata?: Partial<OidcMetadata>,
): UserManager {
  const page = `${configuration.frontendURL}${PAGE_PATH}`;
  return new UserManager({
    authority: `${configuration.keycloakURL}/realms/${organization}`,
    ...(metadata !== undefined && { metadata }),
    client_id: CLIENT_ID,
    redirect_uri: page,
    post_logout_redirect_uri: page,
    scope: 'openid profile',
    userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
    // The PKCE verifier must survive the redirect to the provider and back. It is deleted after that.
    stateStore: new WebStorageStateStore({ store: window.sessionStorage }),
    // Renewed when a call needs it, by the rotating refresh token. An idle tab sends no requests.
    automaticSilentRenew: false,
    monitorSession: false,
  });
}

/** Sends the user to the login page of the organization, and back to the current view. */
export async function logIn(manager: UserManager, organization: string): Promise<void> {
  rememberOrganization(organization);
  await manager.signinRedirect({
    state: { view: window.location.pathname + window.location.search + window.location.hash },
  });
}

/** The view to return to, from the state of `logIn`. Null if it is not a view of this page. */
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
        // Rejects if the provider is unavailable. The button stays, for a retry.
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
      return null; // the provider rejected the refresh token (RFC 6749, 5.2)
    }
    throw error;
  }
}
