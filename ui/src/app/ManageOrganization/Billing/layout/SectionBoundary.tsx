import { Button, EmptyState, EmptyStateBody, EmptyStateFooter } from '@patternfly/react-core';
import { Component, type ReactNode } from 'react';

import { i18n } from '../i18n';

/** A section's file cannot be loaded after the server has a new version. The other sections go on. */
export class SectionBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    return error === null ? (
      this.props.children
    ) : (
      <EmptyState titleText={i18n.t('common:sectionFailed')} headingLevel="h2" status="danger">
        <EmptyStateBody>
          {i18n.t('common:sectionFailedBody')} ({error.message})
        </EmptyStateBody>
        <EmptyStateFooter>
          <Button
            onClick={() => {
              window.location.reload();
            }}
          >
            {i18n.t('common:reload')}
          </Button>
        </EmptyStateFooter>
      </EmptyState>
    );
  }
}
