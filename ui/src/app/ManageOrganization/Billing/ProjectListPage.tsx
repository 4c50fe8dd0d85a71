import {
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  PageSection,
} from '@patternfly/react-core';
import CubesIcon from '@patternfly/react-icons/dist/esm/icons/cubes-icon';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';

import type { Fresh, ProjectList } from './api/models';
import { BillingState } from './components/BillingState';
import { UnpricedNotice } from './components/Notices';
import { PageHeading } from './components/PageHeading';
import { ProjectTable, ProjectTableSkeleton } from './components/ProjectTable';
import { Pages, ProjectToolbar, ToolbarSkeleton } from './components/ProjectToolbar';
import { SummaryCard, SummaryCards } from './components/SummaryCards';
import { matchingRows, PAGE_SIZES, pageOf, rowsOf, type TableView, viewOf, withView } from './projectTable';
import { billingKeys } from './queries/keys';
import { useProjectsQuery } from './queries/useProjectsQuery';
import { texts } from './texts';

/** The cost of all projects of the caller. */
export function ProjectListPage() {
  const query = useProjectsQuery();
  const organization = query.data?.data.organization;
  return (
    <>
      <PageSection isWidthLimited isCenterAligned>
        <PageHeading
          title={texts.title}
          asOf={query.data?.asOf}
          {...(organization !== undefined && { subtitle: texts.subtitle(organization) })}
        />
      </PageSection>
      <PageSection isWidthLimited isCenterAligned isFilled>
        <div className="billing-stack">
          <BillingState query={query} queryKey={billingKeys.projects} skeleton={<ListSkeleton />} empty={noProjects}>
            {(fresh) => <Projects fresh={fresh} />}
          </BillingState>
        </div>
      </PageSection>
    </>
  );
}

function Projects({ fresh: { data, asOf } }: { fresh: Fresh<ProjectList> }) {
  const period = data.projects.find((project) => project.billing_summary !== null)?.billing_summary?.billing_period;
  const pending = data.projects.filter(({ code }) => code === 'not_started' || code === 'not_metered').length;
  const unpriced = data.unpriced - pending; // there is no warning for a new project
  return (
    <>
      {unpriced > 0 && <UnpricedNotice count={unpriced} />}
      <SummaryCards totals={data.totals} asOf={asOf} period={period ?? null}>
        <SummaryCard
          title={texts.projects}
          figures={[
            {
              figure: new Intl.NumberFormat(texts.locale).format(data.total),
              note: data.unpriced > 0 ? texts.unpriced(data.unpriced) : texts.allPriced,
            },
          ]}
        />
      </SummaryCards>
      <SearchableTable list={data} />
    </>
  );
}

function SearchableTable({ list }: { list: ProjectList }) {
  const [params, setParams] = useSearchParams();
  const view = viewOf(params);
  const rows = useMemo(() => rowsOf(list), [list]);
  const matching = matchingRows(rows, view);
  const page = pageOf(matching, view);
  const change = (part: Partial<TableView>) => {
    setParams((now) => withView(now, { ...viewOf(now), ...part }), { replace: true });
  };
  const hasPages = matching.length > PAGE_SIZES[0];
  const shown = { ...view, page: page.page };
  return (
    <div>
      <ProjectToolbar view={shown} matching={matching.length} onChange={change} hasPages={hasPages} />
      {matching.length === 0 ? (
        <NoMatch
          search={view.search}
          onClear={() => {
            change({ search: '', page: 1 });
          }}
        />
      ) : (
        <>
          <ProjectTable
            rows={page.rows}
            totals={list.totals}
            view={view}
            onSort={(column, descending) => {
              change({ column, descending, page: 1 });
            }}
          />
          {hasPages && (
            <Pages view={shown} matching={matching.length} onChange={change} title={texts.paginationBottom} />
          )}
        </>
      )}
    </div>
  );
}

function NoMatch({ search, onClear }: { search: string; onClear: () => void }) {
  return (
    <EmptyState titleText={texts.noMatchTitle} headingLevel="h2" icon={SearchIcon}>
      <EmptyStateBody className="billing-break">{texts.noMatchBody(search)}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="link" onClick={onClear}>
            {texts.clearSearch}
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

function noProjects(list: ProjectList) {
  return list.projects.length > 0 ? null : (
    <EmptyState
      titleText={list.billing_started ? texts.emptyTitle : texts.notStartedTitle}
      headingLevel="h2"
      icon={CubesIcon}
    >
      <EmptyStateBody>
        {list.billing_started ? texts.emptyBody(list.organization) : texts.notStartedBody(list.organization)}
      </EmptyStateBody>
    </EmptyState>
  );
}

function ListSkeleton() {
  return (
    <>
      <SummaryCards totals={null} asOf={null} period={null}>
        <SummaryCard title={texts.projects} figures={undefined} />
      </SummaryCards>
      <div>
        <ToolbarSkeleton />
        <ProjectTableSkeleton />
      </div>
    </>
  );
}
