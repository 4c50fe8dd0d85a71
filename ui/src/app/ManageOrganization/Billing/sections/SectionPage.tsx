import { Breadcrumb, BreadcrumbItem, PageSection } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';

import { PageHeading } from '../components/PageHeading';

interface SectionPageProps {
  title: string;
  /** Null: it comes later, and its place is kept. */
  subtitle?: string | null;
  /** The view above this one: its title and its path in the section. */
  up?: { title: string; to: string };
  actions?: ReactNode;
  children: ReactNode;
}

/** A view of a section: the way back, the heading, and what is below it. */
export function SectionPage({ title, subtitle, up, actions, children }: SectionPageProps) {
  return (
    <>
      <PageSection isWidthLimited isCenterAligned>
        <div className="billing-stack">
          {up !== undefined && <WayBack {...up} here={title} />}
          <PageHeading title={title} {...(subtitle !== undefined && { subtitle })} actions={actions} />
        </div>
      </PageSection>
      <PageSection isWidthLimited isCenterAligned isFilled>
        <div className="billing-stack">{children}</div>
      </PageSection>
    </>
  );
}

function WayBack({ title, to, here }: { title: string; to: string; here: string }) {
  const { t } = useTranslation();
  const { search } = useLocation();
  return (
    <Breadcrumb aria-label={t('breadcrumb')}>
      <BreadcrumbItem
        render={({ className }) => (
          <Link to={{ pathname: to, search }} className={className}>
            {title}
          </Link>
        )}
      />
      <BreadcrumbItem isActive>
        <span className="billing-break">{here}</span>
      </BreadcrumbItem>
    </Breadcrumb>
  );
}
