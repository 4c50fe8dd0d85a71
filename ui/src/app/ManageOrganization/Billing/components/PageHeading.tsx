import { Content, Flex, FlexItem, Title } from '@patternfly/react-core';
import { type ReactNode, useEffect, useRef } from 'react';
import { useLocation } from 'react-router';

import { formatTime } from '../dates';
import { texts } from '../texts';

interface PageHeadingProps {
  title: string;
  subtitle?: string;
  /** Time of the figures. Undefined while there are none. */
  asOf: Date | null | undefined;
  actions?: ReactNode;
}

/** Visible in every state. It gets the focus after navigation, so that a screen reader reads the new title. */
export function PageHeading({ title, subtitle, asOf, actions }: PageHeadingProps) {
  const heading = useRef<HTMLDivElement>(null);
  const isFirstView = useLocation().key === 'default';
  useEffect(() => {
    document.title = title === texts.title ? title : `${title} · ${texts.title}`;
    if (!isFirstView) {
      heading.current?.focus({ preventScroll: true });
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only a new title is a navigation: sorting also changes the location
  }, [title]);
  return (
    <Flex justifyContent={{ default: 'justifyContentSpaceBetween' }} alignItems={{ default: 'alignItemsFlexStart' }}>
      <FlexItem className="billing-heading">
        <div ref={heading} tabIndex={-1}>
          <Title headingLevel="h1" className="billing-break">
            {title}
          </Title>
        </div>
        <Content component="small">
          {subtitle !== undefined && `${subtitle}. `}
          {asOf !== undefined && texts.asOf(asOf === null ? texts.unknown : formatTime(asOf))}
          {/* Keeps the line, so that nothing jumps when the figures come. */}
          {'\u00a0'}
        </Content>
      </FlexItem>
      {actions !== undefined && <FlexItem>{actions}</FlexItem>}
    </Flex>
  );
}
