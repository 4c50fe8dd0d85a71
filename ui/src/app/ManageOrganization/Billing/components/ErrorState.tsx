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
  /** PatternFly has a sign for danger and warning; the others name theirs. */
  status?: EmptyStateProps['status'];
  icon?: ComponentType;
}

interface ErrorStateProps {
  error: ApiError;
  onTryAgain: () => void;
  /** Whether the query goes on trying by itself. */
  isTrying: boolean;
}

/** Why there are no figures, and what the person can do about it. */
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

/** Goes to the login page by itself; the button is for when the session refuses to, so as not to go in circles. */
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

/** By the API's own error texts; one that is not known says what is always true of a 503. */
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
