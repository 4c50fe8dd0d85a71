import { Content, Label } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import { formatLongDay, formatLongDays } from '../../figures';
import type { Dimension } from './planData';
import { PoolFigure } from './PoolFigure';

/** The day on which the requests reach the limit, with its range, or why there is none. */
export function RunsOut({ dimension }: { dimension: Dimension }) {
  const { t } = useTranslation('plan');
  const { exhausted_on: day, exhaustion, limit, left } = dimension;
  if (limit === null) {
    return t('runsOutNoLimit');
  }
  if (left !== null && left <= 0) {
    return (
      <Label isCompact status="danger">
        {t('runsOutNow')}
      </Label>
    );
  }
  if (exhaustion?.quality == null) {
    return t('runsOutUnknown');
  }
  return day === null ? (
    <NotSoon dimension={dimension} exhaustion={exhaustion} />
  ) : (
    <On dimension={dimension} day={day} exhaustion={exhaustion} />
  );
}

type Exhaustion = NonNullable<Dimension['exhaustion']>;

interface OnProps {
  dimension: Dimension;
  day: string;
  exhaustion: Exhaustion;
}

function On({ dimension, day, exhaustion: { earliest, latest, history_days } }: OnProps) {
  const { t } = useTranslation('plan');
  const range =
    earliest === null
      ? null
      : latest === null
        ? t('runsOutFrom', { day: formatLongDay(earliest) })
        : t('runsOutBetween', { range: formatLongDays(earliest, latest) });
  return (
    <>
      <PoolFigure dimension={dimension} name={t('runsOut')}>
        {t('runsOutOn', { day: formatLongDay(day) })}
      </PoolFigure>
      {range !== null && <Content component="small">{range}</Content>}
      <Content component="small">{t('history', { count: history_days })}</Content>
    </>
  );
}

function NotSoon({ dimension, exhaustion: { earliest, horizon_days: count } }: Omit<OnProps, 'day'>) {
  const { t } = useTranslation('plan');
  return (
    <PoolFigure dimension={dimension} name={t('runsOut')}>
      {earliest === null ? t('runsOutNot', { count }) : t('runsOutNotLikely', { count, day: formatLongDay(earliest) })}
    </PoolFigure>
  );
}
