import { Content, EmptyState, EmptyStateBody } from '@patternfly/react-core';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';

import { Alert } from '../../components/Alert';
import { useSectionParameters } from '../../address';
import { ApiError } from '../../api/errors';
import type { Fresh } from '../../api/models';
import { useBilling } from '../../BillingProvider';
import { BillingState } from '../../components/BillingState';
import { CopyLink } from '../../components/CopyLink';
import { formatTime } from '../../dates';
import { formatMonth } from '../../figures';
import { SectionPage } from '../SectionPage';
import { Adjustments } from './Adjustments';
import { DownloadStatement } from './DownloadStatement';
import { Invoice } from './Invoice';
import { StateLabel } from './StateLabel';
import { StatementSkeleton } from './StatementSkeleton';
import { type Statement, useStatement } from './statementQueries';
import { UsageByProject } from './UsageByProject';

const MONTH = /^20\d\d-(0[1-9]|1[0-2])$/;
const NO_PARAMETERS = {};

export function StatementView() {
  const { period = '' } = useParams();
  useSectionParameters(NO_PARAMETERS);
  return MONTH.test(period) ? <OneStatement period={period} /> : <NotAMonth period={period} />;
}

function OneStatement({ period }: { period: string }) {
  const query = useStatement(period);
  const up = useWayUp();
  const { t } = useTranslation();
  if (query.error instanceof ApiError && isNoStatement(query.error)) {
    return <NotAMonth period={formatMonth(period)} />;
  }
  return (
    <SectionPage
      title={formatMonth(period)}
      subtitle={
        query.data?.asOf ? t('usageUpTo', { time: formatTime(query.data.asOf, query.data.meta.time_zone) }) : null
      }
      up={up}
      actions={<Actions period={period} isThere={query.isSuccess} />}
    >
      <BillingState query={query} skeleton={<StatementSkeleton />}>
        {(fresh) => <Parts fresh={fresh} />}
      </BillingState>
    </SectionPage>
  );
}

/** The month has not begun. */
function isNoStatement({ status, code }: ApiError): boolean {
  return status === 400 || (status === 404 && code === 'not_found');
}

function useWayUp() {
  const { t } = useTranslation('statements');
  const { basePath } = useBilling();
  return { title: t('title'), to: `${basePath}statements` };
}

function Actions({ period, isThere }: { period: string; isThere: boolean }) {
  return (
    <div className="billing-actions">
      <DownloadStatement period={period} isDisabled={!isThere} />
      <CopyLink />
    </div>
  );
}

function Parts({ fresh: { data, meta } }: { fresh: Fresh<Statement> }) {
  const { t } = useTranslation('statements');
  const state = meta.period_state;
  return (
    <>
      <Content component="p">
        <StateLabel state={state} /> {state !== undefined && t(`${state}Body`)}
      </Content>
      {data.unrated_lines > 0 && <Unrated count={data.unrated_lines} />}
      <Invoice statement={data} meta={meta} />
      <UsageByProject
        section={data}
        unit={meta}
        title={t('byProject')}
        period={data.period}
        isRunning={state === 'open'}
      />
      {data.other_currencies.map((other) => (
        <UsageByProject
          key={other.currency}
          section={other}
          unit={other}
          title={t('byProjectOf', { currency: other.currency })}
          period={null}
          isRunning={false}
        />
      ))}
      <Adjustments statement={data} meta={meta} />
    </>
  );
}

function Unrated({ count }: { count: number }) {
  const { t } = useTranslation('statements');
  return (
    <Alert isInline variant="warning" title={t('unratedTitle', { count })} component="p">
      {t('unratedBody')}
    </Alert>
  );
}

function NotAMonth({ period }: { period: string }) {
  const { t } = useTranslation('statements');
  const { basePath } = useBilling();
  return (
    <SectionPage title={period} up={useWayUp()}>
      <EmptyState titleText={t('notAMonthTitle')} headingLevel="h2" icon={SearchIcon}>
        <EmptyStateBody className="billing-break">
          {t('notAMonthBody', { period, example: `${basePath}statements/2026-01` })}
        </EmptyStateBody>
      </EmptyState>
    </SectionPage>
  );
}
