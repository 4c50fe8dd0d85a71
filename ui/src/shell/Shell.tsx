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

/** The page as an app of its own: who is there, and what in the console would be around the page. */
export function Shell({ configuration, organization }: ShellProps) {
  const [manager] = useState(() => makeUserManager(configuration, organization));
  return (
    <AuthProvider userManager={manager} onSigninCallback={backToView}>
      <Session manager={manager} organization={organization} backendURL={configuration.backendURL} />
    </AuthProvider>
  );
}

/** The provider's answer stands in the address only for this moment. */
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
  const [failure, setFailure] = useState<string | null>(null);
  const isLoggedOut = !auth.isLoading && auth.error === undefined && auth.user == null;
  useEffect(() => {
    if (isLoggedOut && failure === null) {
      logIn(manager, organization).catch((error: unknown) => {
        setFailure(error instanceof Error ? error.message : String(error));
      });
    }
  }, [isLoggedOut, failure, manager, organization]);

  const reason = failure ?? auth.error?.message;
  if (auth.user != null) {
    return <App manager={manager} organization={organization} backendURL={backendURL} user={auth.user} />;
  }
  return (
    <ShellPage>
      {reason === undefined ? (
        <LoggingIn />
      ) : (
        <LoginFailed
          organization={organization}
          reason={reason}
          onTryAgain={() => {
            window.location.assign(`${PAGE_PATH}?organization=${organization}`);
          }}
        />
      )}
    </ShellPage>
  );
}

function App({ manager, organization, backendURL, user }: SessionProps & { user: User }) {
  const [queryClient] = useState(() => new QueryClient());
  const [api] = useState(() => ({ baseUrl: backendURL, session: makeSession(manager, organization) }));
  const account = {
    name: user.profile.preferred_username ?? user.profile.name ?? user.profile.sub,
    organization,
    onLogOut: () => {
      queryClient.clear();
      void manager.signoutRedirect();
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
