import { Content, EmptyState, EmptyStateBody, Skeleton } from '@patternfly/react-core';
import FileInvoiceIcon from '@patternfly/react-icons/dist/esm/icons/file-invoice-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { UseQueryResult } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';

import { useSectionParameters } from '../../address';
import type { Fresh } from '../../api/models';
import { useBilling } from '../../BillingProvider';
import { BillingState } from '../../components/BillingState';
import { formatMonth } from '../../figures';
import { formatAmount } from '../../money';
import { SectionPage } from '../SectionPage';
import { DownloadStatement } from './DownloadStatement';
import { StateLabel } from './StateLabel';
import { type Months as MonthsData, periodsOf, type Statement, useMonths, useStatements } from './statementQueries';

const LISTED = 12;
const NO_PARAMETERS = {};

export function Months() {
  const { t } = useTranslation('statements');
  useSectionParameters(NO_PARAMETERS);
  const query = useMonths();
  const scope = query.data?.data.scope;
  const subtitle = scope === undefined ? null : scope.namespaces === null ? t('subtitle', scope) : t('subtitleMember');
  return (
    <SectionPage title={t('title')} subtitle={subtitle}>
      <BillingState query={query} skeleton={<MonthsSkeleton />}>
        {(fresh) => (periodsOf(fresh).length === 0 ? <NoMonths /> : <MonthTable fresh={fresh} />)}
      </BillingState>
    </SectionPage>
  );
}

function NoMonths() {
  const { t } = useTranslation('statements');
  return (
    <EmptyState titleText={t('emptyTitle')} headingLevel="h2" icon={FileInvoiceIcon}>
      <EmptyStateBody>{t('emptyBody')}</EmptyStateBody>
    </EmptyState>
  );
}

function MonthTable({ fresh }: { fresh: Fresh<MonthsData> }) {
  const { t } = useTranslation('statements');
  const { basePath } = useBilling();
  const periods = periodsOf(fresh);
  const statements = useStatements(periods);
  const isAdmin = fresh.data.scope.namespaces === null;
  return (
    <>
      <Table aria-label={t('months')} variant="compact" gridBreakPoint="grid-md">
        <MonthHead isAdmin={isAdmin} />
        <Tbody>
          {periods.map((period, index) => (
            <MonthRow key={period} period={period} query={statements[index]} isAdmin={isAdmin} />
          ))}
        </Tbody>
      </Table>
      {periods.length === LISTED && (
        <Content component="small" className="billing-break">
          {t('earlier', { address: `${basePath}statements/2025-01` })}
        </Content>
      )}
    </>
  );
}

function MonthHead({ isAdmin }: { isAdmin: boolean }) {
  const { t } = useTranslation('statements');
  return (
    <Thead>
      <Tr>
        <Th>{t('month')}</Th>
        <Th>{t('state')}</Th>
        <Th className="billing-number">{t('usage')}</Th>
        {isAdmin && <Th className="billing-number">{t('invoiced')}</Th>}
        <Th screenReaderText={t('actions')} />
      </Tr>
    </Thead>
  );
}

interface MonthRowProps {
  period: string;
  query: UseQueryResult<Fresh<Statement>> | undefined;
  isAdmin: boolean;
}

function MonthRow({ period, query, isAdmin }: MonthRowProps) {
  const { t } = useTranslation('statements');
  const { search } = useLocation();
  return (
    <Tr>
      <Td dataLabel={t('month')}>
        <Link to={{ pathname: period, search }}>{formatMonth(period)}</Link>
      </Td>
      <MonthFigures query={query} isAdmin={isAdmin} />
      <Td>
        {query?.data !== undefined && <DownloadStatement period={period} isInRow />}
        {isLoading(query) && <Skeleton width="3rem" />}
      </Td>
    </Tr>
  );
}

function MonthFigures({ query, isAdmin }: Pick<MonthRowProps, 'query' | 'isAdmin'>) {
  const { t } = useTranslation('statements');
  if (query?.data === undefined) {
    return isLoading(query) ? (
      <LoadingFigures isAdmin={isAdmin} />
    ) : (
      <Td colSpan={isAdmin ? 3 : 2}>{t('notLoaded')}</Td>
    );
  }
  const { data, meta } = query.data;
  const soFar = meta.period_state === 'open' && <Content component="small">{t('toDate')}</Content>;
  return (
    <>
      <Td dataLabel={t('state')}>
        <StateLabel state={meta.period_state} />
      </Td>
      <Td dataLabel={t('usage')} className="billing-number">
        {formatAmount(data.usage_total, meta)} {soFar}
      </Td>
      {isAdmin && (
        <Td dataLabel={t('invoiced')} className="billing-number">
          {formatAmount(data.invoiced?.total, meta)} {data.fees?.length === 0 && soFar}
        </Td>
      )}
    </>
  );
}

function isLoading(query: MonthRowProps['query']): boolean {
  return query?.data === undefined && query?.isError !== true;
}

/** In the cells of the figures, so that no row becomes taller when they come. */
function LoadingFigures({ isAdmin }: { isAdmin: boolean }) {
  const { t } = useTranslation('statements');
  return (
    <>
      <Td dataLabel={t('state')}>
        <Skeleton width="5rem" />
      </Td>
      <Td dataLabel={t('usage')} className="billing-number">
        <Skeleton width="5rem" />
      </Td>
      {isAdmin && (
        <Td dataLabel={t('invoiced')} className="billing-number">
          <Skeleton width="5rem" />
        </Td>
      )}
    </>
  );
}

const SKELETON_ROWS = ['one', 'two', 'three', 'four', 'five', 'six'];

function MonthsSkeleton() {
  return (
    <Table variant="compact" gridBreakPoint="grid-md">
      <MonthHead isAdmin />
      <Tbody>
        {SKELETON_ROWS.map((row) => (
          <Tr key={row}>
            <Td>
              <Skeleton width="8rem" />
            </Td>
            <LoadingFigures isAdmin />
            <Td>
              <Skeleton width="3rem" />
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
