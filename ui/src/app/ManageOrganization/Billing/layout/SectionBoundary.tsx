import { Button, EmptyState, EmptyStateBody, EmptyStateFooter } from '@patternfly/react-core';
import DisconnectedIcon from '@patternfly/react-icons/dist/esm/icons/disconnected-icon';
import { Component, type ReactNode } from 'react';

import { i18n } from '../i18n';

interface BoundaryState {
  error: Error | null;
  isOffline: boolean;
}

/** A section's file cannot be loaded: there is no network, or the server has a new version. The other sections go on. */
export class SectionBoundary extends Component<{ children: ReactNode }, BoundaryState> {
  override state: BoundaryState = { error: null, isOffline: false };

  static getDerivedStateFromError(error: Error): BoundaryState {
    return { error, isOffline: !navigator.onLine };
  }

  override componentDidCatch() {
    if (!navigator.onLine) {
      window.addEventListener('online', reload, { once: true });
    }
  }

  override render() {
    const { error, isOffline } = this.state;
    if (isOffline) {
      return (
        <EmptyState titleText={i18n.t('common:offlineTitle')} headingLevel="h1" icon={DisconnectedIcon}>
          <EmptyStateBody>{i18n.t('common:offlineBody')}</EmptyStateBody>
        </EmptyState>
      );
    }
    return error === null ? (
      this.props.children
    ) : (
      <EmptyState titleText={i18n.t('common:sectionFailed')} headingLevel="h1" status="danger">
        <EmptyStateBody>
          {i18n.t('common:sectionFailedBody')} ({error.message})
        </EmptyStateBody>
        <EmptyStateFooter>
          <Button onClick={reload}>{i18n.t('common:reload')}</Button>
        </EmptyStateFooter>
      </EmptyState>
    );
  }
}

function reload() {
  window.location.reload();
}
