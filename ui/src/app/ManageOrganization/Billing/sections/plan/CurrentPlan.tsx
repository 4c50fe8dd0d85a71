import {
  Card,
  CardBody,
  CardTitle,
  Content,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Title,
} from '@patternfly/react-core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { Alert } from '../../components/Alert';
import type { Meta } from '../../api/models';
import { Explained } from '../../explain/Explained';
import { formatDayOf, formatMonth } from '../../figures';
import { formatAmount } from '../../money';
import type { Plan } from './planData';

interface CurrentPlanProps {
  plan: Plan;
  meta: Meta;
}

/** The plan with its add-ons and, for an org-admin, its prices. */
export function CurrentPlan({ plan, meta }: CurrentPlanProps) {
  const { t } = useTranslation('plan');
  return (
    <Card>
      <CardTitle>
        <Title headingLevel="h2" size="lg">
          {t('current')}
        </Title>
      </CardTitle>
      <CardBody className="billing-stack">
        {plan.subscription.suspended && (
          <Alert isInline variant="warning" title={t('suspendedTitle')} component="p">
            {t('suspendedBody')}
          </Alert>
        )}
        {plan.plan === null ? (
          <Alert isInline isPlain variant="info" title={t('noPlanTitle')} component="p">
            {t('noPlanBody')}
          </Alert>
        ) : (
          <PlanFacts plan={plan} entry={plan.plan} meta={meta} />
        )}
        {plan.scope.namespaces !== null && <Content component="small">{t('pricesForAdmin')}</Content>}
      </CardBody>
    </Card>
  );
}

function PlanFacts({ plan, entry, meta }: CurrentPlanProps & { entry: NonNullable<Plan['plan']> }) {
  const { t } = useTranslation('plan');
  const { since, state } = plan.subscription;
  return (
    <DescriptionList columnModifier={{ default: '1Col', md: '2Col', xl: '3Col' }}>
      <Fact term={t('plan')} hint={priceOf(entry.monthly_price)}>
        {entry.name ?? entry.id ?? t('planUnnamed')}
      </Fact>
      <Fact term={t('addons')}>
        <Addons plan={plan} meta={meta} priceOf={priceOf} />
      </Fact>
      <Fact term={t('subscription')}>{stateTitle(state)}</Fact>
      <Fact term={t('since')}>{since === null ? t('sinceEver') : formatDayOf(since, meta.time_zone ?? 'UTC')}</Fact>
      {plan.monthly_price !== undefined && (
        <Fact term={t('monthlyPrice')} hint={t('monthlyPriceHint')}>
          <Explained subject={{ kind: 'price' }} name={t('monthlyPrice')}>
            {formatAmount(plan.monthly_price, meta)}
          </Explained>
        </Fact>
      )}
      {plan.fees !== undefined && (
        <Fact term={t('feesThisMonth', { month: formatMonth(plan.period) })} hint={t('feesHint')}>
          <Explained
            subject={{ kind: 'statement', part: 'fees', period: plan.period }}
            name={t('feesThisMonth', { month: formatMonth(plan.period) })}
          >
            {formatAmount(plan.fees.total, meta)}
          </Explained>
        </Fact>
      )}
    </DescriptionList>
  );

  function priceOf(price: number | undefined): string | undefined {
    return price === undefined ? undefined : t('perMonth', { amount: formatAmount(price, meta) });
  }

  function stateTitle(name: string): string {
    return t(`state_${name}` as 'state_active', { defaultValue: t('state_other') });
  }
}

function Addons({
  plan,
  meta,
  priceOf,
}: CurrentPlanProps & { priceOf: (price: number | undefined) => string | undefined }) {
  const { t } = useTranslation('plan');
  if (plan.addons.length === 0) {
    return t('noAddons');
  }
  return plan.addons.map(({ id, name, quantity, monthly_price }) => (
    <div key={id}>
      {t('addonOf', { quantity, name })}
      {monthly_price !== undefined && (
        <Content component="small">
          {quantity === 1
            ? priceOf(monthly_price)
            : t('addonPrices', {
                one: formatAmount(monthly_price, meta),
                all: formatAmount(monthly_price * quantity, meta),
                quantity,
              })}
        </Content>
      )}
    </div>
  ));
}

function Fact({ term, hint, children }: { term: string; hint?: string | undefined; children: ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription className="billing-break">
        {children}
        {hint !== undefined && <Content component="small">{hint}</Content>}
      </DescriptionListDescription>
    </DescriptionListGroup>
  );
}
