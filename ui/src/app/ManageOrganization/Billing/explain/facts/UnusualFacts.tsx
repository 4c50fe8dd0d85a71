import { useTranslation } from 'react-i18next';

import { addDays } from '../../address';
import { formatDay } from '../../dates';
import { formatAmount, formatAmountRange, formatDifference } from '../../money';
import type { ExplainSubject, UnusualSubject } from '../subject';
import { Stated } from './Stated';
import { trendAddress } from './trendAddress';

interface UnusualFactsProps {
  subject: UnusualSubject;
  onOpen: (subject: ExplainSubject) => void;
}

/** What was expected of the day, what it was, and what made the difference. */
export function UnusualFacts({ subject: { scope, anomaly, fresh }, onOpen }: UnusualFactsProps) {
  const { t } = useTranslation('explain');
  const { data, meta } = fresh;
  const { date, amount, expected, beyond, groups } = anomaly;
  const day = formatDay(date, { weekday: true, year: true });
  return (
    <Stated
      name={t('unusualDay', { day })}
      value={formatDifference(beyond, meta)}
      range={day}
      fresh={fresh}
      method={[t('unusualMethod'), t('unusualPrices')]}
      rows={[
        { name: t('median'), text: formatAmount(expected.p50, meta) },
        { name: t('unusualRange'), text: formatAmountRange(expected.low, expected.high, meta) },
        { name: t('unusualAmount'), text: formatAmount(amount, meta) },
        ...groups.map((group) => ({
          name: t('unusualCause', { name: group.name }),
          text: formatDifference(group.amount, meta),
        })),
        {
          name: t('unusualCost'),
          text: t('showRows'),
          part: { kind: 'range', title: day, scope, query: { from: date, to: addDays(date, 1) } },
        },
      ]}
      address={trendAddress(scope, data)}
      onOpen={onOpen}
    />
  );
}
