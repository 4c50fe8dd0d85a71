import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { User, UserManager } from 'oidc-client-ts';
import { useEffect, useState } from 'react';
import { AuthProvider, useAuth } from 'react-oidc-context';
import { BrowserRouter } from 'react-router';

import { BillingProvider } from '../app/ManageOrganization/Billing/BillingProvider';
import { OrganizationRoutes } from '../app/ManageOrganization/OrganizationRoutes';
import { type Configuration, PAGE_PATH } from './configuration';
import { logIn, makeSession, makeUserManager, viewOfState } from './session';
import { ShellMasthead } from './ShellMasthead';
import { LoggingIn, LoginFailed, ShellPage } from './ShellStates';

interface ShellProps {
  configuration: Configuration;
  organization: string;
}

/** The page as a separate app: login, and the parts that the console has around the page. */
export function Shell({ configuration, organization }: ShellProps) {
  const [manager] = useState(() => makeUserManager(configuration, organization));
  return (
    <AuthProvider userManager={manager} onSigninCallback={backToView}>
      <Session manager={manager} organization={organization} backendURL={configuration.backendURL} />
    </AuthProvider>
  );
}

/** The provider's response is in the address only at this moment. */
function backToView(user: User | undefined): void {
  window.history.replaceState(null, '', viewOfState(user?.state) ?? PAGE_PATH);
}

interface SessionProps {
  manager: UserManager;
  organization: string;
  backendURL: string;
}

function Session({ manager, organization, backendURL }: SessionProps) {
  const auth = useAuth();
  const [failure, setFailure] = useState<Error | null>(null);
  const [isLeaving, setIsLeaving] = useState(false);
  const mustLogIn = !auth.isLoading && auth.error === undefined && auth.user == null && !isLeaving && failure === null;
  useEffect(() => {
    if (mustLogIn) {
      logIn(manager, organization).catch((error: unknown) => {
        setFailure(errorOf(error));
      });
    }
  }, [mustLogIn, manager, organization]);

  const logOut = () => {
    setIsLeaving(true); // from here on there is no user, and no automatic login
    manager.signoutRedirect().catch((error: unknown) => {
      setFailure(errorOf(error));
    });
  };

  const error = failure ?? auth.error;
  if (auth.user != null) {
    return (
      <App manager={manager} organization={organization} backendURL={backendURL} user={auth.user} onLogOut={logOut} />
    );
  }
  return (
    <ShellPage>
      {error == null ? (
        <LoggingIn />
      ) : (
        <LoginFailed
          organization={organization}
          reason={error instanceof TypeError || isUnreachable(error) ? null : error.message}
          onTryAgain={() => {
            window.location.assign(`${PAGE_PATH}?organization=${organization}`);
          }}
        />
      )}
    </ShellPage>
  );
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** The provider's metadata cannot be read: the browser's network error has no other sign. */
function isUnreachable(error: Error): boolean {
  return /failed to fetch|networkerror|load failed|not found \(404\)/i.test(error.message);
}

function App({
  manager,
  organization,
  backendURL,
  user,
  onLogOut,
}: SessionProps & { user: User; onLogOut: () => void }) {
  const [queryClient] = useState(() => new QueryClient());
  const [api] = useState(() => ({
    baseUrl: backendURL,
    session: makeSession(manager, organization),
    hasLive: true,
  }));
  const account = {
    name: user.profile.preferred_username ?? user.profile.name ?? user.profile.sub,
    organization,
    onLogOut: () => {
      queryClient.clear();
      onLogOut();
    },
  };
  return (
    <QueryClientProvider client={queryClient}>
      <BrowserRouter>
        <BillingProvider api={api} basePath={PAGE_PATH}>
          <OrganizationRoutes masthead={<ShellMasthead account={account} />} />
        </BillingProvider>
      </BrowserRouter>
    </QueryClientProvider>
  );
}
