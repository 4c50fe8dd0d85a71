import {
  Button,
  Content,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  Skeleton,
} from '@patternfly/react-core';
import PiggyBankIcon from '@patternfly/react-icons/dist/esm/icons/piggy-bank-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';

import { useSectionParameters, useView } from '../../address';
import type { Fresh, Meta } from '../../api/models';
import { useBilling } from '../../BillingProvider';
import { BillingState } from '../../components/BillingState';
import { LinkButton } from '../../components/LinkButton';
import { ShowAll } from '../../components/ShowAll';
import { type BudgetList, useBudgets } from '../../queries/useBudgets';
import { SectionPage } from '../SectionPage';
import { amountTitle, type Budget, scopeTitle } from './budgetData';
import { BudgetTabs } from './BudgetTabs';
import { Breach, Forecast, Spent } from './Figures';
import { ThresholdStates } from './ThresholdStates';
import { WriteSetting } from './WriteSetting';

const NO_PARAMETERS = {};

export function BudgetsView() {
  const { t } = useTranslation('budgets');
  useSectionParameters(NO_PARAMETERS);
  const query = useBudgets();
  const data = query.data?.data;
  const hasButton = data?.may_create === true && data.budgets.length > 0;
  return (
    <SectionPage
      title={t('budgets')}
      subtitle={t('subtitle')}
      actions={
        <div className="billing-place">
          {query.isPending ? <Skeleton width="8rem" height="2.25rem" /> : hasButton && <NewBudget />}
        </div>
      }
    >
      <BudgetTabs current="budgets" />
      <BillingState query={query} skeleton={<ListSkeleton />}>
        {(fresh) => (fresh.data.budgets.length === 0 ? <NoBudgets list={fresh.data} /> : <OfScope fresh={fresh} />)}
      </BillingState>
      {data?.scope.namespaces === null && <WriteSetting />}
    </SectionPage>
  );
}

function NewBudget() {
  const { t } = useTranslation('budgets');
  const { basePath } = useBilling();
  return <LinkButton to={`${basePath}budgets/new`}>{t('newBudget')}</LinkButton>;
}

function NoBudgets({ list }: { list: BudgetList }) {
  const { t } = useTranslation('budgets');
  return (
    <EmptyState titleText={t('noBudgetsTitle')} headingLevel="h2" icon={PiggyBankIcon}>
      <EmptyStateBody>{t(list.may_create ? 'noBudgetsBody' : 'noBudgetsBodyMember')}</EmptyStateBody>
      {list.may_create && (
        <EmptyStateFooter>
          <EmptyStateActions>
            <NewBudget />
          </EmptyStateActions>
        </EmptyStateFooter>
      )}
    </EmptyState>
  );
}

/** In the scope of a project, its budgets only. */
function OfScope({ fresh: { data, meta } }: { fresh: Fresh<BudgetList> }) {
  const { t } = useTranslation('budgets');
  const { scope, setView } = useView();
  const shown =
    scope.kind === 'project' ? data.budgets.filter((one) => one.scope.namespace === scope.namespace) : data.budgets;
  return (
    <>
      {scope.kind === 'project' && (
        <Content component="p">
          {shown.length === 0 && `${t('noBudgetsOfScope', scope)} `}
          <Button
            variant="link"
            isInline
            onClick={() => {
              setView({ scope: { kind: 'organization' } });
            }}
          >
            {t('showAllBudgets')}
          </Button>
        </Content>
      )}
      {shown.length > 0 && <ShowAll rows={shown}>{(budgets) => <BudgetTable budgets={budgets} meta={meta} />}</ShowAll>}
    </>
  );
}

function BudgetTable({ budgets, meta }: { budgets: readonly Budget[]; meta: Meta }) {
  const { t } = useTranslation('budgets');
  return (
    <Table aria-label={t('budgets')} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th width={20}>{t('budget')}</Th>
          <Th width={25}>{t('spent')}</Th>
          <Th className="billing-number" modifier="wrap">
            {t('forecast')}
          </Th>
          <Th width={15} modifier="wrap">
            {t('breach')}
          </Th>
          <Th width={25}>{t('thresholds')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {budgets.map((budget) => (
          <BudgetRow key={budget.id} budget={budget} meta={meta} />
        ))}
      </Tbody>
    </Table>
  );
}

function BudgetRow({ budget, meta }: { budget: Budget; meta: Meta }) {
  const { t } = useTranslation(['budgets', 'common']);
  const { basePath } = useBilling();
  const { search } = useLocation();
  return (
    <Tr>
      <Td dataLabel={t('budget')} modifier="breakWord">
        <Link to={{ pathname: `${basePath}budgets/${budget.id}`, search }}>{budget.name}</Link>
        <Content component="small">{scopeTitle(t, budget.scope)}</Content>
        <Content component="small">{amountTitle(t, budget, meta)}</Content>
      </Td>
      <Td dataLabel={t('spent')} className="billing-share">
        <Spent budget={budget} meta={meta} />
      </Td>
      <Td dataLabel={t('forecast')} className="billing-number">
        <Forecast budget={budget} meta={meta} />
      </Td>
      <Td dataLabel={t('breach')}>
        <Breach budget={budget} meta={meta} />
      </Td>
      <Td dataLabel={t('thresholds')}>
        <ThresholdStates budget={budget} meta={meta} />
      </Td>
    </Tr>
  );
}

const ROWS = ['one', 'two', 'three'];

function ListSkeleton() {
  return ROWS.map((row) => <Skeleton key={row} fontSize="4xl" />);
}
