import { useTranslation } from 'react-i18next';

import type { Fresh } from '../../api/models';
import { addressOf } from '../../api/rest/resource';
import { BillingState } from '../../components/BillingState';
import { formatTime } from '../../dates';
import { formatLongDay } from '../../figures';
import { withUnit } from '../../quantities';
import { useResource } from '../../queries/useResource';
import { type Dimension, dimensionTitle, keyOf, PLAN, type Plan } from '../../sections/plan/planData';
import { ExplainSkeleton } from '../ExplainSkeleton';
import { PlainTable } from '../PlainTable';
import type { PoolSubject } from '../subject';
import { Stated } from './Stated';

/** What a dimension of the pool consists of, who takes it, and how the day was found on which it runs out. */
export function PoolFacts({ subject }: { subject: PoolSubject }) {
  const query = useResource(PLAN, {});
  return (
    <BillingState query={query} skeleton={<ExplainSkeleton />}>
      {(fresh) => {
        const found = fresh.data.quota.dimensions.find(
          ({ dimension, profile }) => dimension === subject.dimension && profile === subject.profile,
        );
        return found === undefined ? null : <Facts key={keyOf(found)} dimension={found} fresh={fresh} />;
      }}
    </BillingState>
  );
}

const PARTS = ['plan', 'addons', 'entitled', 'enforced', 'limit', 'requested', 'used', 'left'] as const;

function Facts({ dimension, fresh }: { dimension: Dimension; fresh: Fresh<Plan> }) {
  const { t } = useTranslation(['explain', 'plan']);
  const { t: ofPlan } = useTranslation('plan');
  const { quota } = fresh.data;
  const measured = quota.last_updated ?? quota.read_at;
  const { requested, unit, projects } = dimension;
  return (
    <Stated
      name={dimensionTitle(ofPlan, dimension.dimension, dimension.profile)}
      value={requested === null ? null : withUnit(requested, unit)}
      range={measured === null ? '' : t('plan:poolOf', { time: formatTime(new Date(measured), fresh.meta.time_zone) })}
      fresh={fresh}
      isUsageCost={false}
      method={[t(`poolSource_${quota.source}`), t('poolMethod'), exhaustionText(t, dimension)]}
      rows={PARTS.flatMap((part) => {
        const amount = dimension[part];
        return amount === null ? [] : [{ name: t(`pool_${part}`), text: withUnit(amount, unit) }];
      })}
      address={addressOf(PLAN, {})}
    >
      {projects.length > 0 && (
        <PlainTable
          name={t('plan:byProject')}
          head={[t('project'), t('pool_requested'), t('pool_used')]}
          firstNumber={1}
        >
          {projects.map((project) => (
            <tr key={project.namespace}>
              <th scope="row">{project.namespace}</th>
              <td className="billing-right">{project.requested === null ? '–' : withUnit(project.requested, unit)}</td>
              <td className="billing-right">{project.used === null ? '–' : withUnit(project.used, unit)}</td>
            </tr>
          ))}
        </PlainTable>
      )}
    </Stated>
  );
}

function exhaustionText(
  t: ReturnType<typeof useTranslation<['explain', 'plan']>>['t'],
  { exhaustion, exhausted_on: day }: Dimension,
): string | null {
  if (exhaustion?.quality == null) {
    return null;
  }
  const { earliest, latest, horizon_days: horizon, history_days: count } = exhaustion;
  return t(day === null ? 'poolLasts' : 'poolRunsOut', {
    count,
    horizon,
    day: day === null ? '' : formatLongDay(day),
    earliest: earliest === null ? '–' : formatLongDay(earliest),
    latest: latest === null ? '–' : formatLongDay(latest),
  });
}
