import { useTranslation } from 'react-i18next';

import { useView } from '../../address';
import { Alert } from '../../components/Alert';

/** The figures are of a month: a notice for any other period. */
export function MonthsOnly({ text }: { text: 'monthsOnly' | 'projectMonthsOnly' }) {
  const { t } = useTranslation(['projects', 'common']);
  const { period } = useView();
  return period.kind === 'this-month' || period.kind === 'last-month' ? null : (
    <Alert isInline variant="info" component="p" title={t(text, { period: t(`common:period_${period.kind}`) })} />
  );
}
