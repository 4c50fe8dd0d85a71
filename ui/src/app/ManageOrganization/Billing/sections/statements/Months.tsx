import { Content, EmptyState, EmptyStateBody, Skeleton } from '@patternfly/react-core';
import FileInvoiceIcon from '@patternfly/react-icons/dist/esm/icons/file-invoice-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';

import { useSectionParameters } from '../../address';
import { BillingState } from '../../components/BillingState';
import { Explained } from '../../explain/Explained';
import { formatMonth } from '../../figures';
import { formatAmount } from '../../money';
import { SectionPage } from '../SectionPage';
import { DownloadStatement } from './DownloadStatement';
import { StateLabel } from './StateLabel';
import { type Month, type Months as MonthsData, useMonths } from './statementQueries';

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
        {({ data }) => (hasUsage(data) ? <MonthTable data={data} /> : <NoMonths />)}
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

/** The running month is listed before its first usage, too. */
function hasUsage({ months }: MonthsData): boolean {
  return months.some(
    (month) =>
      month.usage_total !== 0 || month.unrated_lines > 0 || month.state !== 'open' || (month.invoiced_total ?? 0) !== 0,
  );
}

function MonthTable({ data }: { data: MonthsData }) {
  const { t } = useTranslation('statements');
  const isAdmin = data.scope.namespaces === null;
  return (
    <Table aria-label={t('months')} variant="compact" gridBreakPoint="grid-md">
      <MonthHead isAdmin={isAdmin} />
      <Tbody>
        {data.months.map((month) => (
          <MonthRow key={month.period} month={month} isAdmin={isAdmin} />
        ))}
      </Tbody>
    </Table>
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

function MonthRow({ month, isAdmin }: { month: Month; isAdmin: boolean }) {
  const { t } = useTranslation('statements');
  const { search } = useLocation();
  const { period, state, usage_total: usage, invoiced_total: invoiced, cost_basis: basis } = month;
  const name = formatMonth(period);
  const soFar = state === 'open' && <Content component="small">{t('toDate')}</Content>;
  return (
    <Tr>
      <Td dataLabel={t('month')}>
        <Link to={{ pathname: period, search }}>{name}</Link>
      </Td>
      <Td dataLabel={t('state')}>
        <StateLabel state={state} />
      </Td>
      <Td dataLabel={t('usage')} className="billing-number">
        <Explained
          subject={{ kind: 'organization', figure: 'current_month_total', period, shown: usage }}
          name={`${t('usage')}, ${name}`}
        >
          {formatAmount(usage, month)}
        </Explained>{' '}
        {soFar}
      </Td>
      {isAdmin && (
        <Td dataLabel={t('invoiced')} className="billing-number">
          <Explained subject={{ kind: 'statement', part: 'invoiced', period }} name={`${t('invoiced')}, ${name}`}>
            {formatAmount(invoiced, month)}
          </Explained>{' '}
          {basis === 'usage' && soFar}
        </Td>
      )}
      <Td>
        <DownloadStatement period={period} isInRow />
      </Td>
    </Tr>
  );
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
