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
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';

import { PAGE_SIZES, SORT_COLUMNS, type SortColumn, type TableView } from './projectTable';
import { columnTitle } from './ProjectTable';

interface PagingProps {
  view: TableView;
  matching: number;
  /** `typing`: a letter of the search, which does not add to the history. */
  onChange: (change: Partial<TableView>, how?: { typing: boolean }) => void;
}

export function ProjectToolbar({ view, matching, onChange, hasPages }: PagingProps & { hasPages: boolean }) {
  const { t } = useTranslation(['projects', 'common']);
  const search = (value: string) => {
    onChange({ search: value, page: 1 }, { typing: true });
  };
  return (
    <Toolbar>
      <ToolbarContent>
        <ToolbarItem>
          <SearchInput
            aria-label={t('search')}
            placeholder={t('searchPlaceholder')}
            value={view.search}
            onChange={(_event, value) => {
              search(value);
            }}
            onClear={() => {
              search('');
            }}
            resetButtonLabel={t('clearSearch')}
          />
        </ToolbarItem>
        {/* Where the table folds into cards its sortable heads are gone. */}
        <ToolbarItem className="billing-narrow">
          <SortSelect view={view} onChange={onChange} />
        </ToolbarItem>
        {hasPages && (
          <ToolbarItem variant="pagination" align={{ default: 'alignStart', md: 'alignEnd' }}>
            <Pages view={view} matching={matching} onChange={onChange} isCompact title={t('paginationTop')} />
          </ToolbarItem>
        )}
      </ToolbarContent>
      <span role="status" className="pf-v6-screen-reader">
        {t('matching', { count: matching })}
      </span>
    </Toolbar>
  );
}

function SortSelect({ view, onChange }: Pick<PagingProps, 'view' | 'onChange'>) {
  const { t } = useTranslation(['projects', 'common']);
  return (
    <FormSelect
      aria-label={t('sortBy')}
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
            label={`${columnTitle(t, column)}, ${directionTitle(t, column, direction)}`}
          />
        )),
      )}
    </FormSelect>
  );
}

function directionTitle(t: TFunction<['projects', 'common']>, column: SortColumn, direction: string): string {
  if (column === 'namespace') {
    return direction === '-' ? t('nameDescending') : t('nameAscending');
  }
  return direction === '-' ? t('descending') : t('ascending');
}

interface PagesProps extends PagingProps {
  title: string;
  isCompact?: boolean;
}

export function Pages({ view, matching, onChange, title, isCompact = false }: PagesProps) {
  const { t } = useTranslation('projects');
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
      titles={{
        paginationAriaLabel: title,
        items: '',
        page: '',
        ofWord: t('ofPages'),
        perPageSuffix: t('perPage'),
        itemsPerPage: t('rowsPerPage'),
        currPageAriaLabel: t('page'),
        toFirstPageAriaLabel: t('firstPage'),
        toPreviousPageAriaLabel: t('previousPage'),
        toNextPageAriaLabel: t('nextPage'),
        toLastPageAriaLabel: t('lastPage'),
      }}
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
