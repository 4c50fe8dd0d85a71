import {
  Breadcrumb,
  BreadcrumbItem,
  Card,
  CardBody,
  CardTitle,
  EmptyState,
  EmptyStateBody,
  Grid,
  GridItem,
  PageSection,
  Skeleton,
} from '@patternfly/react-core';
import { Link, useLocation, useParams } from 'react-router';

import type { Fresh, Overview } from './api/models';
import { useBilling } from './BillingProvider';
import { BillingState } from './components/BillingState';
import { BreakdownCard, DonutSkeleton } from './components/BreakdownCard';
import { ComputeCard } from './components/ComputeCard';
import { CopyLink } from './components/CopyLink';
import { PageHeading } from './components/PageHeading';
import { SummaryCards } from './components/SummaryCards';
import { billingKeys } from './queries/keys';
import { useOverviewQuery } from './queries/useOverviewQuery';
import { texts } from './texts';

/** The cost of one project and its parts. */
export function ProjectPage() {
  const { namespace = '' } = useParams();
  const query = useOverviewQuery(namespace);
  return (
    <>
      <PageSection isWidthLimited isCenterAligned>
        <div className="billing-stack">
          <WayBack namespace={namespace} />
          <PageHeading title={namespace} asOf={query.data?.asOf} actions={<CopyLink />} />
        </div>
      </PageSection>
      <PageSection isWidthLimited isCenterAligned isFilled>
        <div className="billing-stack">
          <BillingState query={query} queryKey={billingKeys.overview(namespace)} skeleton={<OverviewSkeleton />}>
            {(fresh) => <ProjectOverview fresh={fresh} />}
          </BillingState>
        </div>
      </PageSection>
    </>
  );
}

function WayBack({ namespace }: { namespace: string }) {
  const { basePath } = useBilling();
  const { search } = useLocation();
  return (
    <Breadcrumb aria-label={texts.breadcrumb}>
      <BreadcrumbItem
        render={({ className }) => (
          <Link to={{ pathname: basePath, search }} className={className}>
            {texts.title}
          </Link>
        )}
      />
      <BreadcrumbItem isActive>
        <span className="billing-break">{namespace}</span>
      </BreadcrumbItem>
    </Breadcrumb>
  );
}

function ProjectOverview({ fresh: { data, asOf } }: { fresh: Fresh<Overview | null> }) {
  if (data === null) {
    return (
      <EmptyState headingLevel="h2" titleText={texts.notMeteredTitle}>
        <EmptyStateBody>{texts.notMeteredBody}</EmptyStateBody>
      </EmptyState>
    );
  }
  return (
    <>
      <SummaryCards totals={[data.billing_summary]} asOf={asOf} period={data.billing_summary.billing_period} />
      <Grid hasGutter>
        <GridItem span={12} xl={8}>
          <BreakdownCard overview={data} />
        </GridItem>
        <GridItem span={12} xl={4}>
          <ComputeCard overview={data} />
        </GridItem>
      </Grid>
    </>
  );
}

const SKELETON_LINES = ['one', 'two', 'three', 'four', 'five'];

function OverviewSkeleton() {
  return (
    <>
      <SummaryCards totals={null} asOf={null} period={null} />
      <Grid hasGutter>
        <GridItem span={12} xl={8}>
          <Card isFullHeight>
            <CardTitle>{texts.breakdown}</CardTitle>
            <CardBody>
              <DonutSkeleton />
            </CardBody>
          </Card>
        </GridItem>
        <GridItem span={12} xl={4}>
          <Card isFullHeight>
            <CardTitle>{texts.compute}</CardTitle>
            <CardBody>
              {SKELETON_LINES.map((line) => (
                <Skeleton key={line} className="billing-gap-above" />
              ))}
            </CardBody>
          </Card>
        </GridItem>
      </Grid>
    </>
  );
}
