import { Component, type ReactNode } from 'react';

import { i18n } from '../i18n';

interface LazyBoundaryProps {
  /** What could not be loaded. */
  text: 'chartFailed' | 'detailsFailed';
  children: ReactNode;
}

/** For a part that is loaded separately: if that fails, the figures of the page stay. */
export class LazyBoundary extends Component<LazyBoundaryProps, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    const { text, children } = this.props;
    return this.state.failed ? (
      <span role="alert" className="billing-note">
        {i18n.t(`common:${text}`)}
      </span>
    ) : (
      children
    );
  }
}
