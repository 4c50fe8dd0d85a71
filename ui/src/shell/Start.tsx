import type { Configuration } from './configuration';
import type { OpenedSession } from './login';
import { Shell } from './Shell';
import { ChooseOrganization, NotConfigured, ShellPage, StorageBlocked } from './ShellStates';

export type Start =
  | ({ kind: 'session' } & OpenedSession)
  | { kind: 'not_configured'; names: (keyof Configuration)[] }
  | { kind: 'storage_blocked' }
  | { kind: 'no_organization' };

/** The page, or why there is no session. */
export function Start(start: Start) {
  switch (start.kind) {
    case 'session':
      return <Shell {...start} />;
    case 'not_configured':
      return (
        <ShellPage>
          <NotConfigured names={start.names} />
        </ShellPage>
      );
    case 'storage_blocked':
      return (
        <ShellPage>
          <StorageBlocked />
        </ShellPage>
      );
    case 'no_organization':
      return (
        <ShellPage>
          <ChooseOrganization />
        </ShellPage>
      );
  }
}
