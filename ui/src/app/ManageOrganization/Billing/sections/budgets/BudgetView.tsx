import {
  Content,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Skeleton,
} from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useParams } from 'react-router';

import { useSectionParameters } from '../../address';
import type { Fresh, Meta } from '../../api/models';
import { useBilling } from '../../BillingProvider';
import { BillingState } from '../../components/BillingState';
import { LinkButton } from '../../components/LinkButton';
import { formatTime } from '../../dates';
import { formatDayOf, formatSpan } from '../../figures';
import { formatAmount } from '../../money';
import { SectionPage } from '../SectionPage';
import { TableCard } from '../TableCard';
import { amountTitle, type Budget, type Current, scopeTitle, thresholdTitle, unitOf } from './budgetData';
import { useBudget } from './budgetQueries';
import { ChannelNames } from './ChannelNames';
import { DeleteBudget } from './DeleteBudget';
import { Breach, BudgetFigure, Forecast, Spent } from './Figures';
import { History } from './History';
import { StateLabel } from './ThresholdStates';

const NO_PARAMETERS = {};

/** One budget: its figures, its thresholds, and what has happened. */
export function BudgetView() {
  const { t } = useTranslation('budgets');
  const { id = '' } = useParams();
  useSectionParameters(NO_PARAMETERS);
  const { basePath } = useBilling();
  const query = useBudget(id);
  const budget = query.data?.data;
  return (
    <SectionPage
      title={budget?.name ?? t('budget')}
      up={{ title: t('budgets'), to: `${basePath}budgets` }}
      actions={query.data?.data.may_change === true && <Actions fresh={query.data} onLoadAgain={query.refetch} />}
    >
      <BillingState
        query={query}
        list={{ title: t('allBudgets'), to: `${basePath}budgets` }}
        skeleton={<Skeleton fontSize="4xl" />}
      >
        {(fresh) => <Cards fresh={fresh} />}
      </BillingState>
      {budget !== undefined && <History budget={budget} />}
    </SectionPage>
  );
}

function Actions({ fresh: { data, etag }, onLoadAgain }: { fresh: Fresh<Budget>; onLoadAgain: () => unknown }) {
  const { t } = useTranslation('budgets');
  const { basePath } = useBilling();
  const navigate = useNavigate();
  const { search } = useLocation();
  const [isAsking, setIsAsking] = useState(false);
  return (
    <div className="billing-actions">
      <LinkButton to={`${basePath}budgets/${data.id}/change`}>{t('change')}</LinkButton>
      <DeleteBudget
        budget={data}
        etag={etag ?? ''}
        isAsking={isAsking}
        onAsk={setIsAsking}
        onLoadAgain={onLoadAgain}
        onDeleted={() => {
          void navigate({ pathname: `${basePath}budgets`, search });
        }}
      />
    </div>
  );
}

function Cards({ fresh: { data, meta } }: { fresh: Fresh<Budget> }) {
  const { t } = useTranslation('budgets');
  return (
    <>
      <CurrentCard budget={data} meta={meta} />
      <ThresholdCard budget={data} meta={meta} />
      {!data.may_change && <Content component="small">{t('readOnly')}</Content>}
    </>
  );
}

function CurrentCard({ budget, meta }: { budget: Budget; meta: Meta }) {
  const { t } = useTranslation(['budgets', 'common']);
  const { current } = budget;
  const timeZone = meta.time_zone ?? 'UTC';
  return (
    <TableCard title={t('current')} hint={current ? formatSpan(current.start, current.end, timeZone) : undefined}>
      <DescriptionList columnModifier={{ default: '1Col', md: '2Col', xl: '3Col' }}>
        <Fact term={t('scope')}>{scopeTitle(t, budget.scope)}</Fact>
        <Fact term={t('budget')}>{amountTitle(t, budget, meta)}</Fact>
        {budget.rollover && current && <Limit budget={budget} current={current} meta={meta} />}
        <Fact term={t('spent')}>
          <Spent budget={budget} meta={meta} />
        </Fact>
        <Fact term={t('forecast')}>
          <Forecast budget={budget} meta={meta} />
        </Fact>
        <Fact term={t('breach')}>
          <Breach budget={budget} meta={meta} />
        </Fact>
        <Fact term={t('notified')}>
          <ChannelNames ids={budget.channels} mayRead={budget.may_change} />
        </Fact>
      </DescriptionList>
      {current?.complete_through != null && (
        <Content component="small" className="billing-gap-above">
          {t('completeThrough', { time: formatTime(new Date(current.complete_through), timeZone) })}
        </Content>
      )}
    </TableCard>
  );
}

function Limit({ budget, current, meta }: { budget: Budget; current: Current; meta: Meta }) {
  const { t } = useTranslation('budgets');
  return (
    <Fact term={t('limit')}>
      <BudgetFigure budget={budget} meta={meta} name={t('limit')}>
        {formatAmount(current.limit, unitOf(budget.currency, meta))}
      </BudgetFigure>
      <Content component="small">{t('limitRollover')}</Content>
    </Fact>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription className="billing-break">{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}

function ThresholdCard({ budget, meta }: { budget: Budget; meta: Meta }) {
  const { t } = useTranslation(['budgets', 'common']);
  const unit = unitOf(budget.currency, meta);
  return (
    <TableCard title={t('thresholds')}>
      <Table aria-label={t('thresholds')} variant="compact" gridBreakPoint="grid-md">
        <Thead>
          <Tr>
            <Th>{t('thresholdColumn')}</Th>
            <Th>{t('state')}</Th>
            <Th>{t('since')}</Th>
          </Tr>
        </Thead>
        <Tbody>
          {budget.thresholds.map((threshold) => (
            <Tr key={threshold.id}>
              <Td dataLabel={t('thresholdColumn')}>{thresholdTitle(t, threshold, unit)}</Td>
              <Td dataLabel={t('state')}>
                <StateLabel threshold={threshold} text={t(`state_${threshold.state}`)} />
              </Td>
              <Td dataLabel={t('since')}>
                {threshold.since === null || threshold.state === 'ok'
                  ? t('notSince')
                  : formatDayOf(threshold.since, meta.time_zone ?? 'UTC')}
              </Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </TableCard>
  );
}
