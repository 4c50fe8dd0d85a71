import './explore.css';

import { PageSection, Skeleton } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import { todayIn } from '../../address';
import type { Fresh, ProjectList } from '../../api/models';
import { Alert } from '../../components/Alert';
import { BillingState } from '../../components/BillingState';
import { PageHeading } from '../../components/PageHeading';
import { useScopeName } from '../../components/useScopeName';
import { useShowQuality } from '../../layout/ShownQuality';
import { serverTime, useNow } from '../../now';
import { useProjectsQuery } from '../../queries/useProjectsQuery';
import { useScoped } from '../../queries/useScoped';
import { ExploreControls } from './ExploreControls';
import { ExploreFigures } from './ExploreFigures';
import { FilterBar } from './FilterBar';
import { MOST_DAYS_OF_HOURS, trendQueryOf, useExplore } from './useExplore';

/** Cost over time, by groups. */
export default function ExplorePage() {
  const { t } = useTranslation('explore');
  const projects = useProjectsQuery();
  const { data: fresh } = projects;
  return (
    <PageSection isWidthLimited isCenterAligned isFilled>
      <div className="billing-stack">
        <PageHeading title={t('title')} />
        {fresh === undefined || projects.isError ? (
          <BillingState query={projects} skeleton={<ExploreSkeleton />}>
            {(known) => <OfOrganization projects={known} />}
          </BillingState>
        ) : (
          <OfOrganization projects={fresh} />
        )}
      </div>
    </PageSection>
  );
}

function OfOrganization({ projects }: { projects: Fresh<ProjectList> }) {
  const today = todayIn(projects.meta.time_zone ?? 'UTC', serverTime(projects, useNow()));
  const { t } = useTranslation('explore');
  const name = useScopeName(projects.data);
  const { choice, change } = useExplore(today);
  const { scope } = choice;
  const query = useScoped('trend', scope, trendQueryOf(choice), { keepsFigures: true });
  useShowQuality(query.data?.meta);
  return (
    <>
      <ExploreControls choice={choice} onChange={change} />
      {choice.lacksHours && (
        <Alert
          isInline
          variant="info"
          component="p"
          title={`${t('daysInstead')} ${t('tooManyBars', { days: MOST_DAYS_OF_HOURS })}`}
        />
      )}
      <FilterBar choice={choice} onChange={change} projects={projects.data} trend={query.data?.data} />
      <BillingState
        query={query}
        skeleton={<ExploreSkeleton />}
        {...(scope.kind === 'project' && { namespace: scope.namespace })}
      >
        {(fresh) => (
          <ExploreFigures
            fresh={fresh}
            choice={choice}
            scopeName={scope.kind === 'project' ? scope.namespace : name}
            isUpdating={query.isPlaceholderData}
            onChange={change}
          />
        )}
      </BillingState>
    </>
  );
}

function ExploreSkeleton() {
  return (
    <>
      <Skeleton fontSize="lg" width="12rem" />
      <Skeleton width="60%" />
      <Skeleton height="300px" />
      <Skeleton height="18rem" />
    </>
  );
}
