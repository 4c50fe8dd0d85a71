import { useTranslation } from 'react-i18next';

import type { Forecast, Meta } from '../../api/models';
import { formatDay, formatTime } from '../../dates';
import { formatAmount, formatAmountRange, formatShare } from '../../money';
import { scopedAddress } from '../../queries/useScoped';
import { PlainTable } from '../PlainTable';
import { type ExplainSubject, type ForecastSubject, monthSubject } from '../subject';
import { Stated } from './Stated';

interface ForecastFactsProps {
  subject: ForecastSubject;
  onOpen: (subject: ExplainSubject) => void;
}

/** What is spent, what remains with its interval, how that was forecast, and how wrong such forecasts were. */
export function ForecastFacts({ subject: { scope, fresh }, onOpen }: ForecastFactsProps) {
  const { t } = useTranslation(['explain', 'overview']);
  const { data, meta } = fresh;
  const { spent, remaining, total } = data;
  const zone = meta.time_zone ?? 'UTC';
  const until = data.until === null ? '' : formatTime(new Date(data.until), zone);
  const range = ({ low, high }: Forecast['total']) => formatAmountRange(low, high, meta);
  const fees = 'fees' in data ? data.fees : undefined;
  return (
    <Stated
      name={t('forecast')}
      value={total.p50 === null ? null : formatAmount(total.p50, meta)}
      range={t('forecastUntil', { until })}
      fresh={fresh}
      method={[
        t(`method_${data.method}`),
        total.low === null ? null : t('interval', { level: formatShare(data.level / 100), range: range(total) }),
        backtestText(t, data),
        data.quality === 'ok' ? null : t(`overview:quality_${data.quality}`),
        t('forecastCovers'),
        fees == null ? null : t('forecastFees', { amount: formatAmount(fees.total, meta) }),
      ]}
      rows={[
        {
          name: t('spentSoFar'),
          text: formatAmount(spent, meta),
          part: spent === null ? undefined : monthSubject(scope, 'current_month_total', data.period, spent),
        },
        { name: t('remaining'), text: formatAmount(remaining.p50, meta) },
        { name: t('forecast'), text: formatAmount(total.p50, meta), isBold: true },
      ]}
      address={scopedAddress('forecast', scope, { horizon: data.horizon, level: String(data.level) })}
      onOpen={onOpen}
    >
      {data.days.length > 0 && <Days days={data.days} meta={meta} />}
    </Stated>
  );
}

function backtestText(t: ReturnType<typeof useTranslation<['explain']>>['t'], { backtest }: Forecast): string | null {
  const { origins, error, coverage } = backtest;
  return error === null || coverage === null
    ? t('noBacktest')
    : t('backtest', { count: origins, error: formatShare(error), coverage: formatShare(coverage) });
}

function Days({ days, meta }: { days: Forecast['days']; meta: Meta }) {
  const { t } = useTranslation('explain');
  return (
    <PlainTable name={t('forecastDays')} head={[t('day'), t('median'), t('likelyRange')]} firstNumber={1}>
      {days.map(({ date, p50, low, high }) => (
        <tr key={date}>
          <th scope="row">{formatDay(date, { weekday: true })}</th>
          <td className="billing-right">{formatAmount(p50, meta)}</td>
          <td className="billing-right">{formatAmountRange(low, high, meta)}</td>
        </tr>
      ))}
    </PlainTable>
  );
}
