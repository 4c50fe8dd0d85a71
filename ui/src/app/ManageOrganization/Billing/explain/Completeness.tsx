import { Content } from '@patternfly/react-core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';

import type { Fresh } from '../api/models';
import { formatTime } from '../dates';

interface CompletenessProps {
  fresh: Fresh<unknown>;
  /** False: the figure is not the cost of usage, such as a fee. It is then not at list prices. */
  isUsageCost?: boolean;
}

/** Which usage a figure has, and whether it can still change. */
export function Completeness({ fresh, isUsageCost = true }: CompletenessProps) {
  const { t } = useTranslation('explain');
  return (
    <Content component="ul" className="billing-completeness">
      {sentences(t, fresh, isUsageCost).map((sentence) => (
        <Content component="li" key={sentence}>
          {sentence}
        </Content>
      ))}
    </Content>
  );
}

/** A response without the members of completeness states nothing of it. */
function sentences(t: TFunction<'explain'>, { meta, staleSeconds }: Fresh<unknown>, isUsageCost: boolean): string[] {
  const { complete_through: through, incomplete_hours: missing, period_state: state, cost_basis: basis } = meta;
  return [
    ...(through === undefined
      ? missing === undefined
        ? []
        : [t('completeness_noHour')]
      : [t('completeness_complete', { until: formatTime(new Date(through), meta.time_zone) })]),
    ...(missing !== undefined && missing > 0 ? [t('completeness_missing', { count: missing })] : []),
    ...(state === undefined ? [] : [t(`completeness_${state}`)]),
    ...(isUsageCost && basis === 'list_price' ? [t('completeness_listPrice')] : []),
    ...(staleSeconds === null ? [] : [t('completeness_stale')]),
  ];
}
