import {
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  type EmptyStateProps,
} from '@patternfly/react-core';
import ClockIcon from '@patternfly/react-icons/dist/esm/icons/clock-icon';
import CubesIcon from '@patternfly/react-icons/dist/esm/icons/cubes-icon';
import DisconnectedIcon from '@patternfly/react-icons/dist/esm/icons/disconnected-icon';
import LockIcon from '@patternfly/react-icons/dist/esm/icons/lock-icon';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import type { TFunction } from 'i18next';
import { type ComponentType, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useParams } from 'react-router';

import { viewQuery } from '../address';
import type { ApiError } from '../api/errors';
import { errorText, errorTextWithRequest } from '../api/errorText';
import { useBilling } from '../BillingProvider';

interface Words {
  title: string;
  body: string;
  /** PatternFly has icons for danger and warning. The other states set an icon. */
  status?: EmptyStateProps['status'];
  icon?: ComponentType;
}

const WHOLE = { scope: { kind: 'organization' } } as const;

interface ErrorStateProps {
  error: ApiError;
  onTryAgain: () => void;
  /** Whether the query retries automatically. */
  isTrying: boolean;
  /** The project of the request, if it is not in the path. */
  namespace?: string;
  /** The list that something deleted was in. */
  list?: Way;
}

export interface Way {
  title: string;
  to: string;
}

/** The reason why there are no figures, and what the user can do. */
export function ErrorState({ error, onTryAgain, isTrying, namespace: ofScope, list }: ErrorStateProps) {
  const { t } = useTranslation();
  const { namespace = ofScope ?? '' } = useParams();
  const organization = new URLSearchParams(useLocation().search).get('organization') ?? t('organization');
  const { title, body, status, icon } = wordsOf(t, error, namespace, organization);
  return (
    <div role="status" className="billing-state">
      <EmptyState titleText={title} headingLevel="h2" {...(status && { status })} {...(icon && { icon })}>
        <EmptyStateBody>
          {body}
          {error.kind === 'failed' && ` ${errorTextWithRequest(error)}`}
        </EmptyStateBody>
        <EmptyStateFooter>
          <EmptyStateActions>
            <Action error={error} onTryAgain={onTryAgain} list={list} />
          </EmptyStateActions>
          {error.passes && isTrying && <EmptyStateActions>{t('trying')}</EmptyStateActions>}
        </EmptyStateFooter>
      </EmptyState>
    </div>
  );
}

interface ActionProps extends Pick<ErrorStateProps, 'error' | 'onTryAgain'> {
  list: Way | undefined;
}

function Action({ error, onTryAgain, list }: ActionProps) {
  const { t } = useTranslation();
  switch (error.kind) {
    case 'guest':
    case 'admin':
    case 'not_offered':
      return null;
    case 'forbidden':
      return <AllProjectsLink />;
    case 'gone':
      return list === undefined ? null : <ListLink {...list} />;
    case 'unauthorized':
      return <LogIn />;
    default:
      return <Button onClick={onTryAgain}>{t('tryAgain')}</Button>;
  }
}

function AllProjectsLink() {
  const { t } = useTranslation();
  const { basePath } = useBilling();
  const { search } = useLocation();
  return (
    <Link to={{ pathname: `${basePath}projects`, search: viewQuery(new URLSearchParams(search), WHOLE).toString() }}>
      {t('allProjects')}
    </Link>
  );
}

function ListLink({ title, to }: Way) {
  const { search } = useLocation();
  return <Link to={{ pathname: to, search: viewQuery(new URLSearchParams(search)).toString() }}>{title}</Link>;
}

/** Redirects to the login page. The button is shown if the session does not redirect, to avoid a redirect loop. */
function LogIn() {
  const { t } = useTranslation();
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
      {t('logIn')}
    </Button>
  );
}

function wordsOf(t: TFunction, error: ApiError, namespace: string, organization: string): Words {
  switch (error.kind) {
    case 'guest':
      return { title: t('guestTitle'), body: t('guestBody'), icon: LockIcon };
    case 'forbidden':
      return { title: t('forbiddenTitle'), body: t('forbiddenBody', { namespace }), icon: LockIcon };
    case 'unauthorized':
      return { title: t('expiredTitle'), body: t('expiredBody'), icon: LockIcon };
    case 'unavailable':
      return { ...unavailableWords(t, error), status: 'warning' };
    case 'offline':
      return { title: t('offlineTitle'), body: t('offlineBody'), icon: DisconnectedIcon };
    case 'unreachable':
      return { title: t('unreachableTitle'), body: t('unreachableBody'), icon: DisconnectedIcon };
    case 'timeout':
      return { title: t('timeoutTitle'), body: t('timeoutBody'), icon: ClockIcon };
    case 'admin':
      return { title: t('adminTitle'), body: t('adminBody'), icon: LockIcon };
    case 'gone':
      return { title: t('goneTitle'), body: t('goneBody'), icon: SearchIcon };
    case 'not_started':
      return { title: t('notStartedTitle'), body: t('notStartedBody', { organization }), icon: CubesIcon };
    case 'not_offered':
      return { title: t('notOfferedTitle'), body: t('notOfferedBody'), icon: CubesIcon };
    case 'invalid':
      return { title: t('invalidTitle'), body: errorText(error), status: 'warning' };
    case 'conflict':
      return { title: t('conflictTitle'), body: t('conflictBody'), status: 'warning' };
    case 'failed':
      return { title: t('failedTitle'), body: t('failedBody'), status: 'danger' };
  }
}

/** An unknown code gets the general text for 503. */
function unavailableWords(t: TFunction, error: ApiError): Pick<Words, 'title' | 'body'> {
  switch (error.code) {
    case 'unpriced':
      return { title: t('incompleteTitle'), body: t('incompleteBody') };
    case 'amount_too_large':
      return { title: t('incompleteTitle'), body: errorText(error) };
    case 'identity_unreachable':
      return { title: t('identityTitle'), body: t('identityBody') };
    default:
      return { title: t('unavailableTitle'), body: t('unavailableBody') };
  }
}
