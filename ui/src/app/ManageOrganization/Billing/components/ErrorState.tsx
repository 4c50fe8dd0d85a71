import {
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  type EmptyStateProps,
} from '@patternfly/react-core';
import ClockIcon from '@patternfly/react-icons/dist/esm/icons/clock-icon';
import DisconnectedIcon from '@patternfly/react-icons/dist/esm/icons/disconnected-icon';
import LockIcon from '@patternfly/react-icons/dist/esm/icons/lock-icon';
import { type ComponentType, useEffect } from 'react';
import { Link, useLocation, useParams } from 'react-router';

import type { ApiError } from '../api/errors';
import { useBilling } from '../BillingProvider';
import { texts } from '../texts';

interface Words {
  title: string;
  body: string;
  /** PatternFly has icons for danger and warning. The other states set an icon. */
  status?: EmptyStateProps['status'];
  icon?: ComponentType;
}

interface ErrorStateProps {
  error: ApiError;
  onTryAgain: () => void;
  /** Whether the query retries automatically. */
  isTrying: boolean;
}

/** The reason why there are no figures, and what the user can do. */
export function ErrorState({ error, onTryAgain, isTrying }: ErrorStateProps) {
  const { namespace = '' } = useParams();
  const { title, body, status, icon } = wordsOf(error, namespace);
  return (
    <div role="status" className="billing-state">
      <EmptyState titleText={title} headingLevel="h2" {...(status && { status })} {...(icon && { icon })}>
        <EmptyStateBody>
          {body}
          {error.kind === 'failed' && <FailureDetails error={error} />}
        </EmptyStateBody>
        <EmptyStateFooter>
          <EmptyStateActions>
            <Action error={error} onTryAgain={onTryAgain} />
          </EmptyStateActions>
          {error.passes && isTrying && <EmptyStateActions>{texts.trying}</EmptyStateActions>}
        </EmptyStateFooter>
      </EmptyState>
    </div>
  );
}

function Action({ error, onTryAgain }: Pick<ErrorStateProps, 'error' | 'onTryAgain'>) {
  switch (error.kind) {
    case 'guest':
      return null;
    case 'forbidden':
      return <AllProjectsLink />;
    case 'unauthorized':
      return <LogIn />;
    default:
      return <Button onClick={onTryAgain}>{texts.tryAgain}</Button>;
  }
}

function AllProjectsLink() {
  const { basePath } = useBilling();
  const { search } = useLocation();
  return <Link to={{ pathname: basePath, search }}>{texts.allProjects}</Link>;
}

/** Redirects to the login page. The button is shown if the session does not redirect, to avoid a redirect loop. */
function LogIn() {
  const { session } = useBilling().api;
  useEffect(() => {
    session.signIn('automatic');
  }, [session]);
  return (
    <Button
      onClick={() => {
        session.signIn('asked');
      }}
    >
      {texts.logIn}
    </Button>
  );
}

function FailureDetails({ error }: { error: ApiError }) {
  return (
    <>
      {' '}
      {error.message}
      {error.requestId !== null && `. ${texts.requestId(error.requestId)}`}
    </>
  );
}

function wordsOf(error: ApiError, namespace: string): Words {
  switch (error.kind) {
    case 'guest':
      return { title: texts.guestTitle, body: texts.guestBody, icon: LockIcon };
    case 'forbidden':
      return { title: texts.forbiddenTitle, body: texts.forbiddenBody(namespace), icon: LockIcon };
    case 'unauthorized':
      return { title: texts.expiredTitle, body: texts.expiredBody, icon: LockIcon };
    case 'unavailable':
      return { ...unavailableWords(error.message), status: 'warning' };
    case 'offline':
      return { title: texts.offlineTitle, body: texts.offlineBody, icon: DisconnectedIcon };
    case 'unreachable':
      return { title: texts.unreachableTitle, body: texts.unreachableBody, icon: DisconnectedIcon };
    case 'timeout':
      return { title: texts.timeoutTitle, body: texts.timeoutBody, icon: ClockIcon };
    case 'failed':
      return { title: texts.failedTitle, body: texts.failedBody, status: 'danger' };
  }
}

/** Chosen by the API's error text. An unknown text gets the general text for 503. */
function unavailableWords(message: string): Pick<Words, 'title' | 'body'> {
  switch (message) {
    case 'Billing data incomplete':
      return { title: texts.incompleteTitle, body: texts.incompleteBody };
    case 'Identity provider unreachable':
      return { title: texts.identityTitle, body: texts.identityBody };
    default:
      return { title: texts.unavailableTitle, body: texts.unavailableBody };
  }
}
