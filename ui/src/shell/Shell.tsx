import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { User, UserManager } from 'oidc-client-ts';
import { useEffect, useState } from 'react';
import { BrowserRouter } from 'react-router';

import { BillingProvider } from '../app/ManageOrganization/Billing/BillingProvider';
import { OrganizationRoutes } from '../app/ManageOrganization/OrganizationRoutes';
import { PAGE_PATH } from './configuration';
import { errorOf, type Login, type OpenedSession } from './login';
import { makeSession } from './session';
import { ShellMasthead } from './ShellMasthead';
import { LoggingIn, LoginFailed, ShellPage } from './ShellStates';

/** The page as a separate app: login, and the parts that the console has around the page. */
export function Shell({ configuration, organization, manager, login }: OpenedSession) {
  const [{ user, error }, setLogin] = useState<Login>({ user: null, error: null });
  useEffect(() => {
    void login.then(setLogin);
  }, [login]);
  const logOut = () => {
    setLogin({ user: null, error: null });
    manager.signoutRedirect().catch((reason: unknown) => {
      setLogin({ user: null, error: errorOf(reason) });
    });
  };
  if (user !== null) {
    return (
      <App
        manager={manager}
        organization={organization}
        backendURL={configuration.backendURL}
        user={user}
        onLogOut={logOut}
      />
    );
  }
  return (
    <ShellPage>
      {error === null ? (
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

/** The provider's metadata cannot be read: the browser's network error has no other sign. */
function isUnreachable(error: Error): boolean {
  return /failed to fetch|networkerror|load failed|not found \(404\)/i.test(error.message);
}

interface AppProps {
  manager: UserManager;
  organization: string;
  backendURL: string;
  user: User;
  onLogOut: () => void;
}

function App({ manager, organization, backendURL, user, onLogOut }: AppProps) {
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
