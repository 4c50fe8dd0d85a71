import { Content } from '@patternfly/react-core';
import { Component, type ReactNode } from 'react';

import { i18n } from '../i18n';

/** The chart is loaded separately. If it fails, the table still has all figures. */
export class ChartBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? <Content component="p">{i18n.t('common:chartFailed')}</Content> : this.props.children;
  }
}
