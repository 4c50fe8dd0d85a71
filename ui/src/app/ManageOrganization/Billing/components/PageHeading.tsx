import { Content, Flex, FlexItem, Title } from '@patternfly/react-core';
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'react-router';

interface PageHeadingProps {
  title: string;
  /** Undefined: there is no such line. Null: it comes later, and its place is kept. */
  subtitle?: string | null;
  actions?: ReactNode;
}

/** Visible in every state. It gets the focus after navigation, so that a screen reader reads the new title. */
export function PageHeading({ title, subtitle, actions }: PageHeadingProps) {
  const { t } = useTranslation();
  const heading = useRef<HTMLDivElement>(null);
  const isFirstView = useLocation().key === 'default';
  useEffect(() => {
    document.title = t('sectionTitle', { section: title });
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
        {subtitle !== undefined && <Content component="small">{subtitle ?? '\u00a0'}</Content>}
      </FlexItem>
      {actions !== undefined && <FlexItem>{actions}</FlexItem>}
    </Flex>
  );
}
