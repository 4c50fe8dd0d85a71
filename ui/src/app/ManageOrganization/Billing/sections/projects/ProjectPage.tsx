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
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useParams } from 'react-router';

import { useSectionParameters } from '../../address';
import type { Fresh, Overview } from '../../api/models';
import { useBilling } from '../../BillingProvider';
import { BillingState } from '../../components/BillingState';
import { PageHeading } from '../../components/PageHeading';
import { monthSubject } from '../../explain/subject';
import { useOverviewQuery } from '../../queries/useOverviewQuery';
import { unitOf } from '../../units';
import { BreakdownCard, DonutSkeleton } from './BreakdownCard';
import { ComputeCard } from './ComputeCard';
import { PARAMETERS } from './projectTable';
import { SummaryCards } from './SummaryCards';

/** The cost of one project and its parts. */
export default function ProjectPage() {
  const { namespace = '' } = useParams();
  useSectionParameters(PARAMETERS); // of the list, for the way back to it
  const query = useOverviewQuery(namespace);
  return (
    <PageSection isWidthLimited isCenterAligned isFilled>
      <div className="billing-stack">
        <WayBack namespace={namespace} />
        <PageHeading title={namespace} />
        <BillingState query={query} skeleton={<OverviewSkeleton />}>
          {(fresh) => <ProjectOverview fresh={fresh} />}
        </BillingState>
      </div>
    </PageSection>
  );
}

function WayBack({ namespace }: { namespace: string }) {
  const { t } = useTranslation(['projects', 'common']);
  const { basePath } = useBilling();
  const { search } = useLocation();
  return (
    <Breadcrumb aria-label={t('common:breadcrumb')}>
      <BreadcrumbItem
        render={({ className }) => (
          <Link to={{ pathname: `${basePath}projects`, search }} className={className}>
            {t('title')}
          </Link>
        )}
      />
      <BreadcrumbItem isActive>
        <span className="billing-break">{namespace}</span>
      </BreadcrumbItem>
    </Breadcrumb>
  );
}

function ProjectOverview({ fresh: { data, meta } }: { fresh: Fresh<Overview | null> }) {
  const { t } = useTranslation();
  if (data === null) {
    return (
      <EmptyState headingLevel="h2" titleText={t('notMeteredTitle')}>
        <EmptyStateBody>{t('notMeteredBody')}</EmptyStateBody>
      </EmptyState>
    );
  }
  const summary = data.billing_summary;
  const unit = unitOf(summary.currency, meta);
  return (
    <>
      <SummaryCards
        totals={[summary]}
        meta={meta}
        period={summary.billing_period}
        subjectOf={(figure) => monthSubject({ kind: 'project', namespace: data.namespace }, figure, null)}
      />
      <Grid hasGutter>
        <GridItem span={12} xl={8}>
          <BreakdownCard overview={data} unit={unit} />
        </GridItem>
        <GridItem span={12} xl={4}>
          <ComputeCard overview={data} unit={unit} asOf={meta.as_of} />
        </GridItem>
      </Grid>
    </>
  );
}

const SKELETON_LINES = ['one', 'two', 'three', 'four', 'five'];

function OverviewSkeleton() {
  const { t } = useTranslation(['projects', 'common']);
  return (
    <>
      <SummaryCards totals={null} meta={null} period={null} subjectOf={() => undefined} />
      <Grid hasGutter>
        <GridItem span={12} xl={8}>
          <Card isFullHeight>
            <CardTitle>{t('breakdown')}</CardTitle>
            <CardBody>
              <DonutSkeleton />
            </CardBody>
          </Card>
        </GridItem>
        <GridItem span={12} xl={4}>
          <Card isFullHeight>
            <CardTitle>{t('compute')}</CardTitle>
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
