/** Search, order and page of the table. Pure functions, so that they can be tested and measured alone. */
import type { CurrencyTotal, Project, ProjectList } from './api/models';

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

/** Reads `?search=&sort=-namespace&page=2&per_page=50`. Unknown values are ignored. */
export function viewOf(params: URLSearchParams): TableView {
  const sort = params.get('sort') ?? `-${DEFAULT_VIEW.column}`;
  const column = SORT_COLUMNS.find((known) => known === sort.replace(/^-/, ''));
  const page = Number(params.get('page'));
  const pageSize = Number(params.get('per_page'));
  return {
    search: params.get('search') ?? '',
    column: column ?? DEFAULT_VIEW.column,
    descending: column === undefined ? DEFAULT_VIEW.descending : sort.startsWith('-'),
    page: Number.isInteger(page) && page > 0 ? page : 1,
    pageSize: PAGE_SIZES.find((size) => size === pageSize) ?? DEFAULT_VIEW.pageSize,
  };
}

/** The same parameters with the view. Defaults are omitted, other parameters stay. */
export function withView(params: URLSearchParams, view: TableView): URLSearchParams {
  const next = new URLSearchParams(params);
  const set = (name: string, value: string, byDefault: string) => {
    if (value === byDefault) {
      next.delete(name);
    } else {
      next.set(name, value);
    }
  };
  set('search', view.search, '');
  set('sort', `${view.descending ? '-' : ''}${view.column}`, `-${DEFAULT_VIEW.column}`);
  set('page', String(view.page), '1');
  set('per_page', String(view.pageSize), String(DEFAULT_VIEW.pageSize));
  return next;
}

export interface ProjectRow extends Project {
  /** Share of the month's total in the project's currency, 0 to 1. Null if unknown. */
  share: number | null;
}

export function rowsOf(list: ProjectList): ProjectRow[] {
  return list.projects.map((project) => ({ ...project, share: shareOf(project, list.totals) }));
}

function shareOf(project: Project, totals: CurrencyTotal[]): number | null {
  const summary = project.billing_summary;
  const total = totals.find(({ currency }) => currency === summary?.currency)?.current_month_total;
  return summary === null || total === undefined || total <= 0 ? null : summary.current_month_total / total;
}

/** The matching rows in order: equal rows by namespace, unknown amounts last in both directions. */
export function matchingRows(rows: ProjectRow[], view: TableView): ProjectRow[] {
  const wanted = view.search.trim().toLowerCase();
  const direction = view.descending ? -1 : 1;
  return rows
    .filter(({ namespace }) => namespace.toLowerCase().includes(wanted))
    .sort((a, b) => compare(valueOf(a, view.column), valueOf(b, view.column), direction) || byName(a, b));
}

export function pageOf(rows: ProjectRow[], view: TableView): { page: number; rows: ProjectRow[] } {
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
