import { Content, Label, Progress, Skeleton } from '@patternfly/react-core';
import { SortByDirection, Table, Tbody, Td, Th, Thead, type ThProps, Tr } from '@patternfly/react-table';
import type { TFunction } from 'i18next';
import { Fragment, memo } from 'react';
import { useTranslation } from 'react-i18next';

import type { CurrencyTotal, Meta } from '../../api/models';
import { ProjectLink } from '../../components/ProjectLink';
import { Sparkline } from '../../components/Sparkline';
import { Explained } from '../../explain/Explained';
import { type SummaryFigure, monthSubject } from '../../explain/subject';
import type { DailyCosts } from '../../history';
import { formatAmount, formatRate, formatShare, type Unit } from '../../money';
import { unitOf } from '../../units';
import { totalSubject } from './totalSubject';
import { type ProjectRow, SORT_COLUMNS, type SortColumn, type TableView } from './projectTable';

export function columnTitle(t: TFunction<['projects', 'common']>, column: SortColumn): string {
  switch (column) {
    case 'namespace':
      return t('common:project');
    case 'current_month_total':
      return t('monthToDate');
    case 'last_day_spend':
      return t('lastDay');
    case 'total_cost_per_hour':
      return t('hourly');
    case 'share':
      return t('share');
  }
}

/** On a tablet the last columns have no room; a phone has them below each other. */
function columnProps(column: SortColumn): Pick<ThProps, 'className' | 'width' | 'modifier' | 'visibility'> {
  switch (column) {
    case 'namespace':
      return { width: 25 };
    case 'share':
      return { width: 15, modifier: 'nowrap' };
    default:
      return { className: 'billing-number', modifier: 'nowrap' };
  }
}

interface ProjectTableProps {
  rows: readonly ProjectRow[];
  totals: CurrencyTotal[];
  /** "All projects" */
  totalName: (currency: string | null) => string;
  meta: Meta;
  history: DailyCosts;
  /** "2026-10". Null: the running month. */
  period: string | null;
  view: TableView;
  onSort: (column: SortColumn, descending: boolean) => void;
}

export function ProjectTable({ rows, totals, totalName, meta, history, period, view, onSort }: ProjectTableProps) {
  const { t } = useTranslation(['projects', 'common']);
  const sort = (column: SortColumn): ThProps['sort'] => ({
    columnIndex: SORT_COLUMNS.indexOf(column),
    sortBy: {
      index: SORT_COLUMNS.indexOf(view.column),
      direction: view.descending ? 'desc' : 'asc',
      // The first sort of names is ascending, the first sort of amounts is descending.
      defaultDirection: column === 'namespace' ? 'asc' : 'desc',
    },
    onSort: (_event, _index, direction) => {
      onSort(column, direction === SortByDirection.desc);
    },
  });
  return (
    <Table aria-label={t('tableName')} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          {SORT_COLUMNS.map((column) => (
            <Th key={column} sort={sort(column)} {...columnProps(column)}>
              {columnTitle(t, column)}
            </Th>
          ))}
          <Th modifier="nowrap" className="billing-spark-cell">
            {t('trend')}
          </Th>
        </Tr>
      </Thead>
      <Tbody>
        {rows.map((row) => (
          <ProjectTableRow
            key={row.namespace}
            row={row}
            meta={meta}
            period={period}
            days={history.get(row.namespace) ?? null}
          />
        ))}
      </Tbody>
      <Tbody>
        {totals.map((total) => (
          <Fragment key={total.currency}>
            <BesideRow
              name={t('formerProjects')}
              note={t('formerProjectsHint')}
              amount={total.former_projects}
              unit={unitOf(total.currency, meta)}
            />
            <BesideRow
              name={t('rounding')}
              note={t('roundingHint')}
              amount={total.rounding}
              unit={unitOf(total.currency, meta)}
            />
            <TotalsRow total={total} name={totalName(total.currency)} meta={meta} period={period} />
          </Fragment>
        ))}
      </Tbody>
    </Table>
  );
}

interface RowProps {
  row: ProjectRow;
  meta: Meta;
  period: string | null;
  days: readonly (number | null)[] | null;
}

/** Memoized per row: a sort moves rows and does not render them again. */
const ProjectTableRow = memo(function ProjectTableRow({ row, meta, period, days }: RowProps) {
  const { t } = useTranslation(['projects', 'common']);
  const summary = row.billing_summary;
  const unit = unitOf(summary?.currency ?? null, meta);
  const of = { namespace: row.namespace, period };
  return (
    <Tr>
      <Td dataLabel={columnTitle(t, 'namespace')} modifier="breakWord">
        <ProjectLink namespace={row.namespace} />
      </Td>
      <Td dataLabel={columnTitle(t, 'current_month_total')} className="billing-number">
        {summary === null ? (
          <NotPriced row={row} />
        ) : (
          <OfProject {...of} figure="current_month_total">
            {formatAmount(summary.current_month_total, unit, summary.almost_nothing)}
          </OfProject>
        )}
      </Td>
      <Td dataLabel={columnTitle(t, 'last_day_spend')} className="billing-number">
        <OfProject {...of} figure="last_day_spend">
          {summary === null ? null : formatAmount(summary.last_day_spend, unit)}
        </OfProject>
      </Td>
      <Td dataLabel={columnTitle(t, 'total_cost_per_hour')} className="billing-number">
        <OfProject {...of} figure="total_cost_per_hour">
          {summary === null ? null : formatRate(summary.total_cost_per_hour, unit)}
        </OfProject>
      </Td>
      <Td dataLabel={columnTitle(t, 'share')} className="billing-share">
        <Share row={row} />
      </Td>
      <Td dataLabel={t('trend')} className="billing-spark-cell">
        <Sparkline name={row.namespace} days={days} unit={unit} />
      </Td>
    </Tr>
  );
});

interface OfProjectProps {
  namespace: string;
  period: string | null;
  figure: SummaryFigure;
  /** Null: it is not known. */
  children: string | null;
}

/** A month that is over has no last day and no last hour. */
function OfProject({ namespace, period, figure, children }: OfProjectProps) {
  const { t } = useTranslation(['projects', 'common']);
  if (children === null) {
    return t('common:unknown');
  }
  return period !== null && figure !== 'current_month_total' ? (
    children
  ) : (
    <Explained
      subject={monthSubject({ kind: 'project', namespace }, figure, period)}
      name={`${columnTitle(t, figure)}, ${namespace}`}
    >
      {children}
    </Explained>
  );
}

function NotPriced({ row: { code, error } }: { row: ProjectRow }) {
  const { t } = useTranslation(['projects', 'common']);
  const reason = code === null ? error : t(`noFigure_${code}`, { defaultValue: error ?? '' });
  return (
    <>
      <Label status="warning" isCompact>
        {t('notPriced')}
      </Label>
      {reason !== null && <Content component="small">{reason}</Content>}
    </>
  );
}

function Share({ row }: { row: ProjectRow }) {
  const { t } = useTranslation(['projects', 'common']);
  if (row.share === null) {
    return t('common:unknown');
  }
  const percent = formatShare(row.share);
  return (
    <Progress
      value={Math.round(row.share * 1000) / 10}
      label={percent}
      valueText={percent}
      aria-label={t('shareOf', { percent, namespace: row.namespace })}
      measureLocation="outside"
      size="sm"
    />
  );
}

interface BesideRowProps {
  name: string;
  note: string;
  /** Undefined: an API of an earlier version. */
  amount: number | undefined;
  unit: Unit;
}

/** A part of the month's total that is in no row of a project. */
function BesideRow({ name, note, amount = 0, unit }: BesideRowProps) {
  const { t } = useTranslation(['projects', 'common']);
  return amount === 0 ? null : (
    <Tr>
      <Th scope="row" dataLabel={columnTitle(t, 'namespace')}>
        {name}
        <Content component="small">{note}</Content>
      </Th>
      <Td dataLabel={columnTitle(t, 'current_month_total')} className="billing-number">
        {formatAmount(amount, unit)}
      </Td>
      <Td visibility={['hidden', 'visibleOnMd']} />
      <Td visibility={['hidden', 'visibleOnMd']} />
      <Td visibility={['hidden', 'visibleOnMd']} />
      <Td visibility={['hidden', 'visibleOnMd']} className="billing-spark-cell" />
    </Tr>
  );
}

interface TotalsRowProps {
  total: CurrencyTotal;
  name: string;
  meta: Meta;
  period: string | null;
}

function TotalsRow({ total, name, meta, period }: TotalsRowProps) {
  const { t } = useTranslation(['projects', 'common']);
  const unit = unitOf(total.currency, meta);
  const figure = (figure: SummaryFigure, text: string) => {
    const subject = totalSubject(figure, total, meta, period);
    return subject === undefined ? (
      text
    ) : (
      <Explained subject={subject} name={`${columnTitle(t, figure)}, ${name}`}>
        {text}
      </Explained>
    );
  };
  return (
    <Tr className="billing-totals">
      <Th scope="row" dataLabel={columnTitle(t, 'namespace')}>
        {name}
      </Th>
      <Td dataLabel={columnTitle(t, 'current_month_total')} className="billing-number">
        {figure('current_month_total', formatAmount(total.current_month_total, unit))}
      </Td>
      <Td dataLabel={columnTitle(t, 'last_day_spend')} className="billing-number">
        {figure('last_day_spend', formatAmount(total.last_day_spend, unit))}
      </Td>
      <Td dataLabel={columnTitle(t, 'total_cost_per_hour')} className="billing-number">
        {figure('total_cost_per_hour', formatRate(total.total_cost_per_hour, unit))}
      </Td>
      <Td visibility={['hidden', 'visibleOnMd']} />
      <Td visibility={['hidden', 'visibleOnMd']} className="billing-spark-cell" />
    </Tr>
  );
}

const SKELETON_ROWS = ['one', 'two', 'three', 'four', 'five'];

export function ProjectTableSkeleton() {
  const { t } = useTranslation(['projects', 'common']);
  return (
    <Table variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          {SORT_COLUMNS.map((column) => (
            <Th key={column} {...columnProps(column)}>
              {columnTitle(t, column)}
            </Th>
          ))}
        </Tr>
      </Thead>
      <Tbody>
        {SKELETON_ROWS.map((row) => (
          <Tr key={row}>
            {SORT_COLUMNS.map((column) => (
              <Td key={column} dataLabel={columnTitle(t, column)} {...columnProps(column)}>
                <Skeleton width={column === 'namespace' ? '80%' : '5rem'} />
              </Td>
            ))}
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
