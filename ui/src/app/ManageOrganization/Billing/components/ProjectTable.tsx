import { Content, Label, Progress, Skeleton } from '@patternfly/react-core';
import { SortByDirection, Table, Tbody, Td, Th, Thead, type ThProps, Tr } from '@patternfly/react-table';
import { memo } from 'react';
import { Link, useLocation } from 'react-router';

import type { CurrencyTotal } from '../api/models';
import { useBilling } from '../BillingProvider';
import { formatAmount, formatRate, formatShare } from '../money';
import { type ProjectRow, SORT_COLUMNS, type SortColumn, type TableView } from '../projectTable';
import { texts } from '../texts';

export const columnTitles: Record<SortColumn, string> = {
  namespace: texts.project,
  current_month_total: texts.monthToDate,
  last_day_spend: texts.lastDay,
  total_cost_per_hour: texts.hourly,
  share: texts.share,
};

function columnProps(column: SortColumn): Pick<ThProps, 'className' | 'width' | 'modifier'> {
  switch (column) {
    case 'namespace':
      return { width: 30 };
    case 'share':
      return { width: 20, modifier: 'nowrap' };
    default:
      return { className: 'billing-number', modifier: 'nowrap' };
  }
}

interface ProjectTableProps {
  rows: ProjectRow[];
  totals: CurrencyTotal[];
  view: TableView;
  onSort: (column: SortColumn, descending: boolean) => void;
}

export function ProjectTable({ rows, totals, view, onSort }: ProjectTableProps) {
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
    <Table aria-label={texts.tableName} variant="compact" gridBreakPoint="grid-lg">
      <Thead>
        <Tr>
          {SORT_COLUMNS.map((column) => (
            <Th key={column} sort={sort(column)} {...columnProps(column)}>
              {columnTitles[column]}
            </Th>
          ))}
        </Tr>
      </Thead>
      <Tbody>
        {rows.map((row) => (
          <ProjectTableRow key={row.namespace} row={row} />
        ))}
      </Tbody>
      <Tbody>
        {totals.map((total) => (
          <TotalsRow key={total.currency} total={total} />
        ))}
      </Tbody>
    </Table>
  );
}

/** Memoized per row: a sort moves rows and does not render them again. */
const ProjectTableRow = memo(function ProjectTableRow({ row }: { row: ProjectRow }) {
  const summary = row.billing_summary;
  return (
    <Tr>
      <Td dataLabel={columnTitles.namespace} modifier="breakWord">
        <ProjectLink namespace={row.namespace} />
      </Td>
      <Td dataLabel={columnTitles.current_month_total} className="billing-number">
        {summary === null ? (
          <NotPriced reason={row.error} />
        ) : (
          formatAmount(summary.current_month_total, summary.currency)
        )}
      </Td>
      <Td dataLabel={columnTitles.last_day_spend} className="billing-number">
        {summary === null ? texts.unknown : formatAmount(summary.last_day_spend, summary.currency)}
      </Td>
      <Td dataLabel={columnTitles.total_cost_per_hour} className="billing-number">
        {summary === null ? texts.unknown : formatRate(summary.total_cost_per_hour, summary.currency)}
      </Td>
      <Td dataLabel={columnTitles.share} className="billing-share">
        <Share row={row} />
      </Td>
    </Tr>
  );
});

function ProjectLink({ namespace }: { namespace: string }) {
  const { basePath } = useBilling();
  const { search } = useLocation();
  return <Link to={{ pathname: `${basePath}projects/${encodeURIComponent(namespace)}`, search }}>{namespace}</Link>;
}

function NotPriced({ reason }: { reason: string | null }) {
  return (
    <>
      <Label status="warning" isCompact>
        {texts.notPriced}
      </Label>
      {reason !== null && <Content component="small">{reason}</Content>}
    </>
  );
}

function Share({ row }: { row: ProjectRow }) {
  if (row.share === null) {
    return texts.unknown;
  }
  const percent = formatShare(row.share);
  return (
    <Progress
      value={Math.round(row.share * 1000) / 10}
      label={percent}
      valueText={percent}
      aria-label={texts.shareOf(percent, row.namespace)}
      measureLocation="outside"
      size="sm"
    />
  );
}

function TotalsRow({ total }: { total: CurrencyTotal }) {
  return (
    <Tr className="billing-totals">
      <Th scope="row" dataLabel={columnTitles.namespace}>
        {texts.totalIn(total.currency)}
      </Th>
      <Td dataLabel={columnTitles.current_month_total} className="billing-number">
        {formatAmount(total.current_month_total, total.currency)}
      </Td>
      <Td dataLabel={columnTitles.last_day_spend} className="billing-number">
        {formatAmount(total.last_day_spend, total.currency)}
      </Td>
      <Td dataLabel={columnTitles.total_cost_per_hour} className="billing-number">
        {formatRate(total.total_cost_per_hour, total.currency)}
      </Td>
      <Td visibility={['hidden', 'visibleOnLg']} />
    </Tr>
  );
}

const SKELETON_ROWS = ['one', 'two', 'three', 'four', 'five'];

export function ProjectTableSkeleton() {
  return (
    <Table variant="compact" gridBreakPoint="grid-lg">
      <Thead>
        <Tr>
          {SORT_COLUMNS.map((column) => (
            <Th key={column} {...columnProps(column)}>
              {columnTitles[column]}
            </Th>
          ))}
        </Tr>
      </Thead>
      <Tbody>
        {SKELETON_ROWS.map((row) => (
          <Tr key={row}>
            {SORT_COLUMNS.map((column) => (
              <Td key={column} dataLabel={columnTitles[column]} {...columnProps(column)}>
                <Skeleton width={column === 'namespace' ? '80%' : '5rem'} />
              </Td>
            ))}
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
