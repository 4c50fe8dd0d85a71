import { Content } from '@patternfly/react-core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';

import type { Fresh } from '../api/models';
import { formatTime } from '../dates';

/** Which usage a figure has, and whether it can still change. */
export function Completeness({ fresh }: { fresh: Fresh<unknown> }) {
  const { t } = useTranslation('explain');
  return (
    <Content component="ul" className="billing-completeness">
      {sentences(t, fresh).map((sentence) => (
        <Content component="li" key={sentence}>
          {sentence}
        </Content>
      ))}
    </Content>
  );
}

function sentences(t: TFunction<'explain'>, { meta, staleSeconds }: Fresh<unknown>): string[] {
  const { complete_through: through, incomplete_hours: missing = 0, period_state: state, cost_basis: basis } = meta;
  return [
    ...(through === undefined
      ? [t('completeness_noHour')]
      : [t('completeness_complete', { until: formatTime(new Date(through), meta.time_zone) })]),
    ...(missing > 0 ? [t('completeness_missing', { count: missing })] : []),
    ...(state === undefined ? [] : [t(`completeness_${state}`)]),
    ...(basis === 'list_price' ? [t('completeness_listPrice')] : []),
    ...(staleSeconds === null ? [] : [t('completeness_stale')]),
  ];
}
