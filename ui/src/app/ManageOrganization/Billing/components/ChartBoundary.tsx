import { Content } from '@patternfly/react-core';
import { Component, type ReactNode } from 'react';

import { texts } from '../texts';

/** The chart is loaded separately. If it fails, the table still has all figures. */
export class ChartBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? <Content component="p">{texts.chartFailed}</Content> : this.props.children;
  }
}
