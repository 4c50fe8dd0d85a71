import { useTranslation } from 'react-i18next';

import { Alert } from '../../components/Alert';
import type { Fresh, Trend } from '../../api/models';
import { OtherCurrenciesNotice } from '../../components/Notices';
import { formatPeriod } from '../../dates';
import { locale } from '../../i18n';
import { formatAmount } from '../../money';
import { bucketNames } from './bucketNames';

/** What the figures do not have. */
export function ExploreNotices({ fresh: { data: trend, meta } }: { fresh: Fresh<Trend> }) {
  const { t } = useTranslation('explore');
  const missing = meta.incomplete_hours ?? 0;
  const first = trend.buckets.findIndex(({ state }) => state !== 'no_data');
  const begin = trend.buckets[first];
  return (
    <div className="billing-stack" role="status">
      {missing > 0 && (
        <Alert isInline variant="warning" component="p" title={t('missing', { count: missing })}>
          {t('missingBody')}
        </Alert>
      )}
      {trend.unrated_lines > 0 && (
        <Alert isInline variant="warning" component="p" title={t('unrated', { count: trend.unrated_lines })}>
          {t('unratedBody')}
        </Alert>
      )}
      {first > 0 && begin !== undefined && trend.total !== null && (
        <Alert
          isInline
          variant="info"
          component="p"
          title={t('shortHistory', {
            first: bucketNames(trend.granularity, meta.time_zone ?? 'UTC', locale()).name(begin),
          })}
        >
          {t('shortHistoryBody')}
        </Alert>
      )}
      <OtherCurrenciesNotice amounts={trend.other_currencies} />
      {trend.adjustments.length > 0 && (
        <Alert isInline variant="info" component="p" title={t('adjustments')}>
          {t('adjustmentsBody', {
            list: trend.adjustments
              .map((one) => t('adjustment', { amount: formatAmount(one.amount, one), month: formatPeriod(one.period) }))
              .join(', '),
          })}
        </Alert>
      )}
    </div>
  );
}
