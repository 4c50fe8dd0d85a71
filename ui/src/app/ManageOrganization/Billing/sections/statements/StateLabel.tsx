import { Label } from '@patternfly/react-core';
import CheckCircleIcon from '@patternfly/react-icons/dist/esm/icons/check-circle-icon';
import HourglassHalfIcon from '@patternfly/react-icons/dist/esm/icons/hourglass-half-icon';
import InProgressIcon from '@patternfly/react-icons/dist/esm/icons/in-progress-icon';
import { useTranslation } from 'react-i18next';

import type { Meta } from '../../api/models';

const ICONS = { open: <InProgressIcon />, provisional: <HourglassHalfIcon />, closed: <CheckCircleIcon /> };
const COLORS = { open: 'blue', provisional: 'orange', closed: 'green' } as const;

export function StateLabel({ state }: { state: Meta['period_state'] }) {
  const { t } = useTranslation('statements');
  return state === undefined ? (
    t('stateUnknown')
  ) : (
    <Label isCompact color={COLORS[state]} icon={ICONS[state]}>
      {t(state)}
    </Label>
  );
}
