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

import { firstOfMonth, useSectionParameters, useView } from '../../address';
import type { Fresh, Overview } from '../../api/models';
import { useBilling } from '../../BillingProvider';
import { BillingState } from '../../components/BillingState';
import { ListPriceNotice } from '../../components/Notices';
import { OtherCurrencies } from '../../components/OtherCurrencies';
import { PageHeading } from '../../components/PageHeading';
import { formatPeriod } from '../../dates';
import { monthSubject } from '../../explain/subject';
import { todayOf } from '../../history';
import { useShowQuality } from '../../layout/ShownQuality';
import { useOverviewQuery } from '../../queries/useOverviewQuery';
import { unitOf } from '../../units';
import { BreakdownCard, DonutSkeleton } from './BreakdownCard';
import { ComputeCard } from './ComputeCard';
import { MonthsOnly } from './MonthsOnly';
import { PARAMETERS } from './projectTable';
import { SummaryCards } from './SummaryCards';

/** The cost of one project and its parts. */
export default function ProjectPage() {
  const { namespace = '' } = useParams();
  useSectionParameters(PARAMETERS); // of the list, for the way back to it
  const { query, month } = useMonth(namespace);
  useShowQuality(query.data?.meta);
  return (
    <PageSection isWidthLimited isCenterAligned isFilled>
      <div className="billing-stack">
        <WayBack namespace={namespace} />
        <PageHeading title={namespace} />
        <MonthsOnly text="projectMonthsOnly" />
        <BillingState query={query} skeleton={<OverviewSkeleton />}>
          {(fresh) => <ProjectOverview fresh={fresh} month={month} />}
        </BillingState>
      </div>
    </PageSection>
  );
}

/** The last month needs the API's clock, which each response has: here that of the running month. `month`: "2026-10". */
function useMonth(namespace: string) {
  const { period } = useView();
  const isLastMonth = period.kind === 'last-month';
  const running = useOverviewQuery(namespace);
  const month = running.data === undefined ? undefined : firstOfMonth(todayOf(running.data), -1).slice(0, 7);
  const last = useOverviewQuery(namespace, month, { enabled: isLastMonth && month !== undefined });
  const isKnown = isLastMonth && running.data !== undefined;
  return { query: isKnown ? last : running, month: isLastMonth ? (month ?? null) : null };
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

interface ProjectOverviewProps {
  fresh: Fresh<Overview | null>;
  /** "2026-10". Null: the running month. */
  month: string | null;
}

function ProjectOverview({ fresh: { data, meta }, month }: ProjectOverviewProps) {
  const { t } = useTranslation(['projects', 'common']);
  if (data === null) {
    return month !== null ? (
      <EmptyState headingLevel="h2" titleText={t('nothingInMonth', { month: formatPeriod(month) })} />
    ) : (
      <EmptyState headingLevel="h2" titleText={t('common:notMeteredTitle')}>
        <EmptyStateBody>{t('common:notMeteredBody')}</EmptyStateBody>
      </EmptyState>
    );
  }
  const summary = data.billing_summary;
  const unit = unitOf(summary.currency, meta);
  return (
    <>
      <ListPriceNotice meta={meta} />
      <OtherCurrencies scope={{ kind: 'project', namespace: data.namespace }} month={month} />
      <SummaryCards
        totals={[summary]}
        meta={meta}
        period={summary.billing_period}
        isOver={month !== null}
        subjectOf={(figure) => monthSubject({ kind: 'project', namespace: data.namespace }, figure, month)}
      />
      <Grid hasGutter>
        <GridItem span={12} xl={8}>
          <BreakdownCard overview={data} unit={unit} month={month} />
        </GridItem>
        {month === null && (
          <GridItem span={12} xl={4}>
            <ComputeCard overview={data} unit={unit} asOf={meta.as_of} />
          </GridItem>
        )}
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
