/** Search, order and page of the table. Pure functions, so that they can be tested and measured alone. */
import { type Declaration, number, oneOf, text, type ValuesOf } from '../../address/parameters';
import type { Project, ProjectList } from '../../api/models';

export const SORT_COLUMNS = [
  'namespace',
  'current_month_total',
  'last_day_spend',
  'total_cost_per_hour',
  'share',
] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];
export const PAGE_SIZES = [20, 50, 100] as const;

/** The part of the view that a shared link contains. */
export interface TableView {
  search: string;
  column: SortColumn;
  descending: boolean;
  /** Starts at 1. */
  page: number;
  pageSize: number;
}

export const DEFAULT_VIEW: TableView = {
  search: '',
  column: 'current_month_total',
  descending: true,
  page: 1,
  pageSize: PAGE_SIZES[0],
};

/** `?search=web&sort=-namespace&page=2&per_page=50` */
export const PARAMETERS = {
  search: text(),
  sort: oneOf(
    SORT_COLUMNS.flatMap((column) => [column, `-${column}` as const]),
    `-${DEFAULT_VIEW.column}`,
  ),
  page: number(1),
  per_page: number(DEFAULT_VIEW.pageSize, PAGE_SIZES),
} as const satisfies Declaration;

export function tableViewOf(values: ValuesOf<typeof PARAMETERS>): TableView {
  const descending = values.sort.startsWith('-');
  const column = values.sort.replace(/^-/, '') as SortColumn;
  return { search: values.search, column, descending, page: values.page, pageSize: values.per_page };
}

export function parametersOf(view: Partial<TableView>, now: TableView): Partial<ValuesOf<typeof PARAMETERS>> {
  const { column, descending } = { ...now, ...view };
  return {
    ...(view.search !== undefined && { search: view.search }),
    ...((view.column ?? view.descending) !== undefined && { sort: descending ? (`-${column}` as const) : column }),
    ...(view.page !== undefined && { page: view.page }),
    ...(view.pageSize !== undefined && { per_page: view.pageSize }),
  };
}

export interface ProjectRow extends Project {
  /** Share of the month's total in the project's currency, 0 to 1. Null if unknown. */
  share: number | null;
}

/** An API of an earlier version sends no shares. */
export function rowsOf({ projects, shares }: Omit<ProjectList, 'shares'> & Partial<ProjectList>): ProjectRow[] {
  return projects.map((project, index) => ({ ...project, share: shares?.[index] ?? null }));
}

/** The matching rows in order: equal rows by namespace, unknown amounts last in both directions. */
export function matchingRows(rows: ProjectRow[], view: TableView): ProjectRow[] {
  const wanted = view.search.trim().toLowerCase();
  const direction = view.descending ? -1 : 1;
  return rows
    .filter(({ namespace }) => namespace.toLowerCase().includes(wanted))
    .sort((a, b) => compare(valueOf(a, view.column), valueOf(b, view.column), direction) || byName(a, b));
}

export function pageOf(rows: readonly ProjectRow[], view: TableView): { page: number; rows: readonly ProjectRow[] } {
  const page = Math.min(view.page, Math.max(1, Math.ceil(rows.length / view.pageSize)));
  return { page, rows: rows.slice((page - 1) * view.pageSize, page * view.pageSize) };
}

function valueOf(row: ProjectRow, column: SortColumn): string | number | null {
  switch (column) {
    case 'namespace':
      return row.namespace;
    case 'share':
      return row.share;
    default:
      return row.billing_summary?.[column] ?? null;
  }
}

function compare(a: string | number | null, b: string | number | null, direction: number): number {
  if (a === null || b === null) {
    return Number(a === null) - Number(b === null);
  }
  return a < b ? -direction : a > b ? direction : 0;
}

/** Namespaces are ASCII, so comparing code units gives the API's order. */
function byName(a: ProjectRow, b: ProjectRow): number {
  return a.namespace < b.namespace ? -1 : a.namespace > b.namespace ? 1 : 0;
}
