import {
  Card,
  CardBody,
  EmptyState,
  EmptyStateBody,
  Grid,
  GridItem,
  PageSection,
  Skeleton,
} from '@patternfly/react-core';
import CubesIcon from '@patternfly/react-icons/dist/esm/icons/cubes-icon';
import { useTranslation } from 'react-i18next';
import { Navigate, useSearchParams } from 'react-router';

import { useSectionParameters } from '../../address';
import type { Fresh, Overview, ProjectList } from '../../api/models';
import { BillingState } from '../../components/BillingState';
import { IncompleteNotice, OtherCurrenciesNotice, UnpricedNotice, UnratedNotice } from '../../components/Notices';
import { PageHeading } from '../../components/PageHeading';
import { PartState } from '../../components/PartState';
import { isWholeOrganization } from '../../components/useScopeName';
import { useShowQuality } from '../../layout/ShownQuality';
import { limitOf, monthlyBudgets, useBudgets } from '../../queries/useBudgets';
import { useOverviewQuery } from '../../queries/useOverviewQuery';
import { unitOf } from '../../units';
import { ChangesCard } from './ChangesCard';
import { COURSE_HEIGHT, CourseCard, CourseFrame } from './CourseCard';
import { GroupsCard } from './GroupsCard';
import { Headline } from './Headline';
import { UnusualCard } from './UnusualCard';
import { useOverviewData } from './useOverviewData';

const PARAMETERS = {};
/** Parameters of the list of projects, which was at this address in earlier versions. */
const OF_THE_LIST = ['search', 'sort', 'page', 'per_page'];

export default function OverviewPage() {
  const [params] = useSearchParams();
  return OF_THE_LIST.some((name) => params.has(name)) ? (
    <Navigate to={{ pathname: 'projects', search: params.toString() }} replace />
  ) : (
    <Overviewed />
  );
}

function Overviewed() {
  const { t } = useTranslation(['overview', 'common']);
  useSectionParameters(PARAMETERS);
  const data = useOverviewData();
  const { scope, projects } = data;
  useShowQuality(data.trend.data?.meta);
  return (
    <PageSection isWidthLimited isCenterAligned isFilled>
      <div className="billing-stack">
        <PageHeading title={t('title')} />
        <BillingState
          query={projects}
          skeleton={<OverviewSkeleton />}
          empty={(list) => (list.projects.length > 0 && list.billing_started ? null : <NothingYet list={list} />)}
        >
          {(fresh) =>
            scope.kind === 'project' ? (
              <OfProject {...data} namespace={scope.namespace} list={fresh} />
            ) : (
              <Parts {...data} list={fresh} soFar={soFarOf(fresh)} />
            )
          }
        </BillingState>
      </div>
    </PageSection>
  );
}

type Data = ReturnType<typeof useOverviewData>;
type PartsProps = Data & {
  list: Fresh<ProjectList>;
  soFar: Parameters<typeof Headline>[0]['soFar'];
};

/** The access to the project is decided by its own overview. */
function OfProject({ namespace, ...data }: Omit<PartsProps, 'soFar'> & { namespace: string }) {
  const query = useOverviewQuery(namespace);
  return (
    <BillingState<Overview | null> query={query} namespace={namespace} skeleton={<OverviewSkeleton />}>
      {({ data: overview, meta }) =>
        overview === null ? (
          <NotMetered />
        ) : (
          <Parts
            {...data}
            soFar={{
              amount: overview.billing_summary.current_month_total,
              unit: unitOf(overview.billing_summary.currency, meta),
              almostNothing: overview.billing_summary.almost_nothing,
            }}
          />
        )
      }
    </BillingState>
  );
}

function Parts({ scope, period, list, soFar, trend, forecast, history }: PartsProps) {
  const budgets = useBudgets();
  const [budget] = monthlyBudgets(budgets.data?.data, scope);
  const isThisMonth = period.kind === 'this-month';
  const hasLine = isThisMonth && budget?.currency === trend.data?.meta.currency;
  const isListPrice = (trend.data ?? list).meta.cost_basis === 'list_price';
  const pending = list.data.projects.filter(({ code }) => code === 'not_started' || code === 'not_metered').length;
  const unpriced = list.data.unpriced - pending;
  return (
    <>
      {unpriced > 0 && scope.kind === 'organization' && <UnpricedNotice count={unpriced} />}
      {(trend.data?.data.unrated_lines ?? 0) > 0 && unpriced === 0 && <UnratedNotice />}
      <OtherCurrenciesNotice amounts={trend.data?.data.other_currencies} />
      {(trend.data?.meta.incomplete_hours ?? 0) > 0 && (
        <IncompleteNotice hours={trend.data?.meta.incomplete_hours ?? 0} />
      )}
      <Headline
        scope={scope}
        period={period}
        soFar={soFar}
        trend={trend}
        forecast={forecast}
        budgets={budgets}
        isListPrice={isListPrice}
        isAdmin={isWholeOrganization(list.data)}
      />
      <Grid hasGutter>
        <GridItem span={12} lg={8}>
          <CourseFrame>
            <PartState query={trend} height={COURSE_HEIGHT}>
              {(fresh) => (
                <CourseCard
                  fresh={fresh}
                  history={isThisMonth ? history.data?.data : undefined}
                  forecast={isThisMonth ? forecast.data?.data : undefined}
                  budget={hasLine && budget !== undefined ? limitOf(budget) : null}
                  isThisMonth={isThisMonth}
                  isListPrice={isListPrice}
                />
              )}
            </PartState>
          </CourseFrame>
        </GridItem>
        <GridItem span={12} lg={4}>
          <PartState query={trend} height={COURSE_HEIGHT}>
            {(fresh) => <ChangesCard fresh={fresh} scope={scope} />}
          </PartState>
        </GridItem>
        <GridItem span={12} lg={8}>
          <PartState query={trend} height="12rem">
            {(fresh) => (
              <GroupsCard
                fresh={fresh}
                history={history.data?.data}
                scope={scope}
                count={list.data.total}
                isThisMonth={isThisMonth}
              />
            )}
          </PartState>
        </GridItem>
        <GridItem span={12} lg={4}>
          <PartState query={trend} height="12rem">
            {(fresh) => <UnusualCard fresh={fresh} scope={scope} />}
          </PartState>
        </GridItem>
      </Grid>
    </>
  );
}

/** Null: there is no total in one currency. */
function soFarOf({ data, meta }: Fresh<ProjectList>): PartsProps['soFar'] {
  const [total, ...others] = data.totals;
  if (total === undefined || others.length > 0) {
    return null;
  }
  return {
    amount: total.current_month_total,
    unit: unitOf(total.currency, meta),
    almostNothing: data.projects.some(({ billing_summary: summary }) => summary?.almost_nothing === true),
  };
}

function NothingYet({ list }: { list: ProjectList }) {
  const { t } = useTranslation(['projects', 'common']);
  const { organization } = list;
  return (
    <EmptyState
      titleText={list.billing_started ? t('emptyTitle') : t('common:notStartedTitle')}
      headingLevel="h2"
      icon={CubesIcon}
    >
      <EmptyStateBody>
        {list.billing_started ? t('emptyBody', { organization }) : t('common:notStartedBody', { organization })}
      </EmptyStateBody>
    </EmptyState>
  );
}

function NotMetered() {
  const { t } = useTranslation();
  return (
    <EmptyState headingLevel="h2" titleText={t('notMeteredTitle')}>
      <EmptyStateBody>{t('notMeteredBody')}</EmptyStateBody>
    </EmptyState>
  );
}

function OverviewSkeleton() {
  return (
    <>
      <Card isCompact>
        <CardBody>
          <Skeleton height="8rem" />
        </CardBody>
      </Card>
      <Grid hasGutter>
        <GridItem span={12} lg={8}>
          <CourseFrame>
            <Skeleton height={COURSE_HEIGHT} />
          </CourseFrame>
        </GridItem>
        <GridItem span={12} lg={4}>
          <Skeleton height={COURSE_HEIGHT} />
        </GridItem>
      </Grid>
    </>
  );
}
