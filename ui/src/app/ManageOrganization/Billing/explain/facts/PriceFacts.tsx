import { useTranslation } from 'react-i18next';

import { addressOf } from '../../api/rest/resource';
import { BillingState } from '../../components/BillingState';
import { formatMonth } from '../../figures';
import { formatAmount } from '../../money';
import { useResource } from '../../queries/useResource';
import { PLAN } from '../../sections/plan/planData';
import { ExplainSkeleton } from '../ExplainSkeleton';
import { Stated } from './Stated';

/** The prices of the plan and of each add-on, of which the price of a month is the sum. */
export function PriceFacts() {
  const { t } = useTranslation(['explain', 'plan']);
  const query = useResource(PLAN, {});
  return (
    <BillingState query={query} skeleton={<ExplainSkeleton />}>
      {(fresh) => {
        const { data, meta } = fresh;
        const { plan, addons, monthly_price: total, period } = data;
        return (
          <Stated
            name={t('plan:monthlyPrice')}
            value={total === undefined ? null : formatAmount(total, meta)}
            range={formatMonth(period)}
            fresh={fresh}
            isUsageCost={false}
            method={[t('plan:monthlyPriceHint'), t('plan:feesHint')]}
            rows={[
              ...(plan === null
                ? []
                : [
                    {
                      name: plan.name ?? plan.id ?? t('plan:planUnnamed'),
                      text: formatAmount(plan.monthly_price, meta),
                    },
                  ]),
              ...addons.map(({ name, quantity, monthly_price: price }) => ({
                name: t('plan:addonOf', { quantity, name }),
                text: t('priceEach', { price: formatAmount(price, meta) }),
              })),
              { name: t('plan:monthlyPrice'), text: formatAmount(total, meta), isBold: true },
            ]}
            address={addressOf(PLAN, {})}
          />
        );
      }}
    </BillingState>
  );
}
