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
import { useTranslation } from 'react-i18next';
import { Navigate, useSearchParams } from 'react-router';

import { firstOfMonth, useSectionParameters, useView, VIEW, withValues } from '../../address';
import type { Fresh, ProjectList } from '../../api/models';
import { useBilling } from '../../BillingProvider';
import { BillingState } from '../../components/BillingState';
import { ListPriceNotice, UnpricedNotice } from '../../components/Notices';
import { OtherCurrencies } from '../../components/OtherCurrencies';
import { PageHeading } from '../../components/PageHeading';
import { usePrinting } from '../../components/usePrinting';
import { useSteadyOrder } from '../../components/useSteadyOrder';
import { isWholeOrganization } from '../../components/useScopeName';
import { dailyCosts, MOST_GROUPS, todayOf, useHistory } from '../../history';
import { locale } from '../../i18n';
import { useProjectsQuery } from '../../queries/useProjectsQuery';
import { MonthsOnly } from './MonthsOnly';
import {
  matchingRows,
  PAGE_SIZES,
  pageOf,
  PARAMETERS,
  parametersOf,
  rowsOf,
  type TableView,
  tableViewOf,
} from './projectTable';
import { ProjectTable, ProjectTableSkeleton } from './ProjectTable';
import { Pages, ProjectToolbar, ToolbarSkeleton } from './ProjectToolbar';
import { SummaryCard, SummaryCards } from './SummaryCards';
import { totalSubject } from './totalSubject';

const ORGANIZATION = { kind: 'organization' } as const;

/** In this section a project is a page: a view that has a project as its scope is that page. */
export default function ProjectsPage() {
  const { basePath } = useBilling();
  const { scope } = useView();
  const [params] = useSearchParams();
  if (scope.kind === 'project') {
    const search = withValues(VIEW, params, { project: ORGANIZATION }).toString();
    return <Navigate to={{ pathname: `${basePath}projects/${scope.namespace}`, search }} replace />;
  }
  return <AllProjects />;
}

/** The cost of all projects of the caller. */
function AllProjects() {
  const { t } = useTranslation(['projects', 'common']);
  const { period } = useView();
  const running = useProjectsQuery();
  const isLastMonth = period.kind === 'last-month';
  const month = running.data === undefined ? undefined : firstOfMonth(todayOf(running.data), -1).slice(0, 7);
  const last = useProjectsQuery(month, { enabled: isLastMonth && month !== undefined });
  const query = isLastMonth ? last : running;
  return (
    <PageSection isWidthLimited isCenterAligned isFilled>
      <div className="billing-stack">
        <PageHeading title={t('title')} subtitle={useSubtitle(running.data?.data)} />
        <MonthsOnly text="monthsOnly" />
        <BillingState
          query={running.isError && running.data === undefined ? running : query}
          skeleton={<ListSkeleton />}
          empty={(list) => (list.projects.length > 0 ? null : <NoProjects list={list} />)}
        >
          {(fresh) => <Projects fresh={fresh} isOver={isLastMonth} />}
        </BillingState>
      </div>
    </PageSection>
  );
}

function useSubtitle(list: ProjectList | undefined): string | null {
  const { t } = useTranslation(['projects', 'common']);
  if (list === undefined) {
    return null;
  }
  const { organization, total: count } = list;
  return isWholeOrganization(list) ? t('subtitle', { organization }) : t('subtitleOfMember', { organization, count });
}

function Projects({ fresh: { data, meta }, isOver }: { fresh: Fresh<ProjectList>; isOver: boolean }) {
  const { t } = useTranslation(['projects', 'common']);
  const period = data.projects.find((project) => project.billing_summary !== null)?.billing_summary?.billing_period;
  const pending = data.projects.filter(({ code }) => code === 'not_started' || code === 'not_metered').length;
  const unpriced = data.unpriced - pending; // there is no warning for a new project
  const number = new Intl.NumberFormat(locale());
  const explained = isOver ? (period ?? null) : null;
  return (
    <>
      <ListPriceNotice meta={meta} />
      {unpriced > 0 && <UnpricedNotice count={unpriced} />}
      <OtherCurrencies scope={ORGANIZATION} month={explained} />
      <SummaryCards
        totals={data.totals}
        meta={meta}
        period={period ?? null}
        isOver={isOver}
        subjectOf={(figure, total) => totalSubject(figure, total, meta, explained)}
      >
        <SummaryCard
          title={t('projects')}
          figures={[
            {
              figure: number.format(data.total),
              note: data.unpriced > 0 ? t('unpriced', { number: number.format(data.unpriced) }) : t('allPriced'),
            },
          ]}
        />
      </SummaryCards>
      <SearchableTable list={data} meta={meta} period={explained} />
    </>
  );
}

interface SearchableTableProps {
  list: ProjectList;
  meta: Fresh<ProjectList>['meta'];
  /** Null: the running month. */
  period: string | null;
}

function SearchableTable({ list, meta, period }: SearchableTableProps) {
  const { t } = useTranslation(['projects', 'common']);
  const [values, setValues] = useSectionParameters(PARAMETERS);
  const view = tableViewOf(values);
  const running = useProjectsQuery();
  const history = useHistory(ORGANIZATION, running.data).data?.data;
  const days = useMemo(() => dailyCosts(history), [history]);
  const rows = useMemo(() => rowsOf(list), [list]);
  const choice = `${period ?? ''} ${view.column} ${view.descending} ${view.search}`;
  const { rows: matching, hold } = useSteadyOrder(matchingRows(rows, view), ({ namespace }) => namespace, choice);
  const isPrinting = usePrinting();
  const page = isPrinting ? { page: 1, rows: matching } : pageOf(matching, view);
  const change = (part: Partial<TableView>, how?: { typing: boolean }) => {
    setValues(parametersOf(part, view), how);
  };
  const hasPages = matching.length > PAGE_SIZES[0] && !isPrinting;
  const shown = { ...view, page: page.page };
  const totalName = (currency: string | null) =>
    isWholeOrganization(list)
      ? t('totalOfAdmin', { currency: currency ?? t('currencyUnknown') })
      : t('totalOfMember', { count: list.total, currency: currency ?? t('currencyUnknown') });
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
          <div {...hold}>
            <ProjectTable
              rows={page.rows}
              totals={list.totals}
              totalName={totalName}
              meta={meta}
              history={days}
              period={period}
              view={view}
              onSort={(column, descending) => {
                change({ column, descending, page: 1 });
              }}
            />
          </div>
          {history?.rest != null && <p className="billing-note">{t('trendOfLargest', { count: MOST_GROUPS })}</p>}
          {hasPages && (
            <Pages view={shown} matching={matching.length} onChange={change} title={t('paginationBottom')} />
          )}
        </>
      )}
    </div>
  );
}

function NoMatch({ search, onClear }: { search: string; onClear: () => void }) {
  const { t } = useTranslation(['projects', 'common']);
  return (
    <EmptyState titleText={t('noMatchTitle')} headingLevel="h2" icon={SearchIcon}>
      <EmptyStateBody className="billing-break">{t('noMatchBody', { search })}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="link" onClick={onClear}>
            {t('clearSearch')}
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

function NoProjects({ list }: { list: ProjectList }) {
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

function ListSkeleton() {
  const { t } = useTranslation(['projects', 'common']);
  return (
    <>
      <SummaryCards totals={null} meta={null} period={null} subjectOf={() => undefined}>
        <SummaryCard title={t('projects')} figures={undefined} />
      </SummaryCards>
      <div>
        <ToolbarSkeleton />
        <ProjectTableSkeleton />
      </div>
    </>
  );
}
