import { useTranslation } from 'react-i18next';

import { useSectionParameters } from '../../address';
import type { Fresh } from '../../api/models';
import { BillingState } from '../../components/BillingState';
import { useResource } from '../../queries/useResource';
import { SectionPage } from '../SectionPage';
import { AdviceCard } from './AdviceCard';
import { ByProject } from './ByProject';
import { CurrentPlan } from './CurrentPlan';
import { PLAN, type Plan } from './planData';
import { PlanSkeleton } from './PlanSkeleton';
import { Pool } from './Pool';
import { QUOTE_PARAMETERS, QuoteCard } from './quote/QuoteCard';

/** What the plan grants, when it runs out, and what something planned would cost. */
export default function PlanPage() {
  const { t } = useTranslation('plan');
  useSectionParameters(QUOTE_PARAMETERS);
  const query = useResource(PLAN, {});
  const plan = query.data?.data;
  return (
    <SectionPage title={t('title')} subtitle={plan === undefined ? null : t(subtitleOf(plan), plan.scope)}>
      <BillingState query={query} skeleton={<PlanSkeleton />}>
        {(fresh) => <PlanParts fresh={fresh} />}
      </BillingState>
    </SectionPage>
  );
}

function subtitleOf({ plan, scope }: Plan) {
  if (plan === null) {
    return scope.namespaces === null ? 'subtitleNone' : 'subtitleNoneMember';
  }
  return scope.namespaces === null ? 'subtitle' : 'subtitleMember';
}

function PlanParts({ fresh: { data, meta } }: { fresh: Fresh<Plan> }) {
  const isAdmin = data.scope.namespaces === null;
  const isKnown = data.quota.dimensions.some(({ limit, requested }) => limit !== null && requested !== null);
  return (
    <>
      <CurrentPlan plan={data} meta={meta} />
      <Pool quota={data.quota} timeZone={meta.time_zone} isAdmin={isAdmin} />
      {isAdmin && isKnown && <AdviceCard dimensions={data.quota.dimensions} />}
      <ByProject dimensions={data.quota.dimensions} />
      <QuoteCard />
    </>
  );
}
