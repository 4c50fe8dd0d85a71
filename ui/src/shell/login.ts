/** The login when the page opens. It runs before the page itself is loaded: this file has no part of it. */
import type { OidcMetadata, User, UserManager } from 'oidc-client-ts';

import { type Configuration, PAGE_PATH } from './configuration';
import { logIn, makeUserManager, viewOfState } from './session';

/** Without a user and an error the browser is on the way to the provider. */
export interface Login {
  user: User | null;
  error: Error | null;
}

export interface OpenedSession {
  configuration: Configuration;
  organization: string;
  manager: UserManager;
  login: Promise<Login>;
}

/** Reads the response of the provider in the address. Without one it sends the user to the provider. */
export function openSession(configuration: Configuration, organization: string): OpenedSession {
  const hasResponse = isResponse(new URLSearchParams(window.location.search));
  const manager = makeUserManager(configuration, organization, hasResponse ? rememberedProvider() : undefined);
  const user = hasResponse ? finish(manager) : leave(manager, organization);
  const login = user.then(
    (known) => ({ user: known, error: null }),
    (error: unknown) => ({ user: null, error: errorOf(error) }),
  );
  return { configuration, organization, manager, login };
}

export function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** RFC 6749, 4.1.2. */
function isResponse(parameters: URLSearchParams): boolean {
  return parameters.has('state') && (parameters.has('code') || parameters.has('error'));
}

async function leave(manager: UserManager, organization: string): Promise<null> {
  rememberProvider(await manager.metadataService.getMetadata());
  await logIn(manager, organization);
  return null;
}

async function finish(manager: UserManager): Promise<User> {
  const user = await manager.signinRedirectCallback();
  // The response is in the address only until here.
  window.history.replaceState(null, '', viewOfState(user.state) ?? PAGE_PATH);
  return user;
}

/** The endpoints of the provider are the same after the login: reading them again is a round trip before the figures. */
const PROVIDER_KEY = 'billing.provider';

function rememberProvider(metadata: Partial<OidcMetadata>): void {
  sessionStorage.setItem(PROVIDER_KEY, JSON.stringify(metadata));
}

function rememberedProvider(): Partial<OidcMetadata> | undefined {
  const stored = sessionStorage.getItem(PROVIDER_KEY);
  return stored === null ? undefined : (JSON.parse(stored) as Partial<OidcMetadata>);
}
