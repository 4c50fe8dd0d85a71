import { EmptyState, EmptyStateBody, Skeleton } from '@patternfly/react-core';
import LockIcon from '@patternfly/react-icons/dist/esm/icons/lock-icon';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';

import { useSectionParameters, useView } from '../../address';
import { useBilling } from '../../BillingProvider';
import { BillingState } from '../../components/BillingState';
import { locale } from '../../i18n';
import { useBudgets } from '../../queries/useBudgets';
import { SectionPage } from '../SectionPage';
import { draftOf, newDraft } from './budgetDraft';
import { BudgetForm } from './BudgetForm';
import { useBudget } from './budgetQueries';

const NO_PARAMETERS = {};

/** The form of a new budget, or of one that exists. */
export function BudgetFormPage() {
  const { id } = useParams();
  useSectionParameters(NO_PARAMETERS);
  return id === undefined ? <NewBudgetPage /> : <ChangeBudgetPage id={id} />;
}

/** The list is read first: it has the currency, and whoever has no access does not fill in a form in vain. */
function NewBudgetPage() {
  const { t } = useTranslation('budgets');
  const { basePath } = useBilling();
  const { scope } = useView();
  return (
    <SectionPage title={t('newBudget')} up={{ title: t('budgets'), to: `${basePath}budgets` }}>
      <BillingState query={useBudgets()} skeleton={<Skeleton fontSize="4xl" />}>
        {({ data, meta }) =>
          data.may_create ? (
            <BudgetForm
              opened={newDraft(scope.kind === 'project' ? scope.namespace : null, locale())}
              stored={null}
              meta={meta}
            />
          ) : (
            <Refused title={t('mayNotCreateTitle')} body={t('mayNotCreateBody')} />
          )
        }
      </BillingState>
    </SectionPage>
  );
}

/** Instead of a form whose result would be refused. */
function Refused({ title, body }: { title: string; body: string }) {
  return (
    <EmptyState titleText={title} headingLevel="h2" icon={LockIcon}>
      <EmptyStateBody>{body}</EmptyStateBody>
    </EmptyState>
  );
}

function ChangeBudgetPage({ id }: { id: string }) {
  const { t } = useTranslation('budgets');
  const { basePath } = useBilling();
  const query = useBudget(id);
  const [version, setVersion] = useState(0);
  const loadAgain = () => {
    void query.refetch().then(() => {
      setVersion((now) => now + 1);
    });
  };
  return (
    <SectionPage title={query.data?.data.name ?? t('budget')} up={{ title: t('budgets'), to: `${basePath}budgets` }}>
      <BillingState
        query={query}
        list={{ title: t('allBudgets'), to: `${basePath}budgets` }}
        skeleton={<Skeleton fontSize="4xl" />}
      >
        {({ data, meta, etag }) =>
          data.may_change ? (
            <BudgetForm
              key={version}
              opened={draftOf(data, locale())}
              stored={{ id, etag: etag ?? '' }}
              meta={meta}
              onLoadAgain={loadAgain}
            />
          ) : (
            <Refused title={t('mayNotChangeTitle')} body={t('readOnly')} />
          )
        }
      </BillingState>
    </SectionPage>
  );
}
