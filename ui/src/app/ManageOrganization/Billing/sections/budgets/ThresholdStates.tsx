import { Content, Label, type LabelProps } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Meta } from '../../api/models';
import { formatDayOf } from '../../figures';
import { type Budget, type Threshold, thresholdTitle, unitOf } from './budgetData';

const STATUS = { pending: 'warning', firing: 'danger', resolved: 'info' } as const;

export function StateLabel({ threshold, text }: { threshold: Threshold; text: string }) {
  const status: LabelProps['status'] | undefined = threshold.state === 'ok' ? undefined : STATUS[threshold.state];
  return (
    <Label isCompact {...(status === undefined ? { color: 'grey' as const } : { status })}>
      {text}
    </Label>
  );
}

/** Each threshold with its state, and since when it has it. */
export function ThresholdStates({ budget, meta }: { budget: Budget; meta: Meta }) {
  const { t } = useTranslation(['budgets', 'common']);
  const unit = unitOf(budget.currency, meta);
  return (
    <ul className="billing-thresholds" aria-label={t('thresholds')}>
      {budget.thresholds.map((threshold) => (
        <li key={threshold.id}>
          <StateLabel threshold={threshold} text={t(`state_${threshold.state}`)} /> {thresholdTitle(t, threshold, unit)}{' '}
          {threshold.since !== null && threshold.state !== 'ok' && (
            <Content component="small">
              {t('stateSince', { day: formatDayOf(threshold.since, meta.time_zone ?? 'UTC') })}
            </Content>
          )}
        </li>
      ))}
    </ul>
  );
}
