import { Label, LabelGroup, type LabelProps } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Meta } from '../../api/models';
import { type Budget, stateText, type Threshold, thresholdTitle, unitOf } from './budgetData';

const STATUS = { pending: 'warning', firing: 'danger', resolved: 'info' } as const;

export function StateLabel({ threshold, text }: { threshold: Threshold; text: string }) {
  const status: LabelProps['status'] | undefined = threshold.state === 'ok' ? undefined : STATUS[threshold.state];
  return (
    <Label isCompact {...(status === undefined ? { color: 'grey' as const } : { status })}>
      {text}
    </Label>
  );
}

/** One label for each threshold with its state. */
export function ThresholdStates({ budget, meta }: { budget: Budget; meta: Meta }) {
  const { t } = useTranslation(['budgets', 'common']);
  const unit = unitOf(budget.currency, meta);
  return (
    <LabelGroup isVertical numLabels={10} aria-label={t('thresholds')}>
      {budget.thresholds.map((threshold) => (
        <StateLabel
          key={threshold.id}
          threshold={threshold}
          text={`${thresholdTitle(t, threshold, unit)}: ${stateText(t, threshold, meta.time_zone ?? 'UTC')}`}
        />
      ))}
    </LabelGroup>
  );
}
