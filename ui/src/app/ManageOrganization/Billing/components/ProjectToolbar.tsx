import {
  FormSelect,
  FormSelectOption,
  Pagination,
  SearchInput,
  Skeleton,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';

import { PAGE_SIZES, SORT_COLUMNS, type SortColumn, type TableView } from '../projectTable';
import { texts } from '../texts';
import { columnTitles } from './ProjectTable';

interface PagingProps {
  view: TableView;
  matching: number;
  onChange: (change: Partial<TableView>) => void;
}

export function ProjectToolbar({ view, matching, onChange, hasPages }: PagingProps & { hasPages: boolean }) {
  const search = (value: string) => {
    onChange({ search: value, page: 1 });
  };
  return (
    <Toolbar>
      <ToolbarContent>
        <ToolbarItem>
          <SearchInput
            aria-label={texts.search}
            placeholder={texts.searchPlaceholder}
            value={view.search}
            onChange={(_event, value) => {
              search(value);
            }}
            onClear={() => {
              search('');
            }}
            resetButtonLabel={texts.clearSearch}
          />
        </ToolbarItem>
        {/* Where the table folds into cards its sortable heads are gone. */}
        <ToolbarItem className="billing-narrow">
          <SortSelect view={view} onChange={onChange} />
        </ToolbarItem>
        {hasPages && (
          <ToolbarItem variant="pagination" align={{ default: 'alignStart', md: 'alignEnd' }}>
            <Pages view={view} matching={matching} onChange={onChange} isCompact title={texts.paginationTop} />
          </ToolbarItem>
        )}
      </ToolbarContent>
      <span role="status" className="pf-v6-screen-reader">
        {texts.matching(matching)}
      </span>
    </Toolbar>
  );
}

function SortSelect({ view, onChange }: Pick<PagingProps, 'view' | 'onChange'>) {
  return (
    <FormSelect
      aria-label={texts.sortBy}
      value={`${view.descending ? '-' : ''}${view.column}`}
      onChange={(_event, value) => {
        onChange({ column: value.replace(/^-/, '') as SortColumn, descending: value.startsWith('-'), page: 1 });
      }}
    >
      {SORT_COLUMNS.flatMap((column) =>
        ['-', ''].map((direction) => (
          <FormSelectOption
            key={direction + column}
            value={direction + column}
            label={`${columnTitles[column]}, ${directionTitle(column, direction)}`}
          />
        )),
      )}
    </FormSelect>
  );
}

function directionTitle(column: SortColumn, direction: string): string {
  if (column === 'namespace') {
    return direction === '-' ? texts.nameDescending : texts.nameAscending;
  }
  return direction === '-' ? texts.descending : texts.ascending;
}

interface PagesProps extends PagingProps {
  title: string;
  isCompact?: boolean;
}

export function Pages({ view, matching, onChange, title, isCompact = false }: PagesProps) {
  return (
    <Pagination
      itemCount={matching}
      page={view.page}
      perPage={view.pageSize}
      perPageOptions={PAGE_SIZES.map((size) => ({ title: String(size), value: size }))}
      onSetPage={(_event, page) => {
        onChange({ page });
      }}
      onPerPageSelect={(_event, pageSize) => {
        onChange({ pageSize: PAGE_SIZES.find((size) => size === pageSize) ?? view.pageSize, page: 1 });
      }}
      titles={{ paginationAriaLabel: title }}
      isCompact={isCompact}
      widgetId={isCompact ? 'billing-pages-top' : 'billing-pages-bottom'}
      variant={isCompact ? 'top' : 'bottom'}
    />
  );
}

export function ToolbarSkeleton() {
  return (
    <Toolbar>
      <ToolbarContent>
        <ToolbarItem>
          <Skeleton fontSize="2xl" width="13rem" />
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
}
