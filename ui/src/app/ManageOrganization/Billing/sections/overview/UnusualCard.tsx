import { Card, CardBody, CardTitle, Content } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Fresh, Schemas, Trend } from '../../api/models';
import { formatDay } from '../../dates';
import { locale } from '../../i18n';
import { formatAmount, formatAmountRange, formatDifference, type Unit } from '../../money';

const MOST = 3;
const MOST_CAUSES = 3;

/** The newest days whose usage was outside of what was forecast, and what caused it. */
export function UnusualCard({ fresh: { data, meta } }: { fresh: Fresh<Trend> }) {
  const { t } = useTranslation('overview');
  const { anomalies } = data;
  const newest = [...(anomalies ?? [])].reverse().slice(0, MOST);
  return (
    <Card isCompact isFullHeight>
      <CardTitle component="h2">{t('unusual')}</CardTitle>
      <CardBody>
        {newest.length === 0 && (
          <Content component="p">{t(anomalies == null ? 'unusualUnknown' : 'unusualNone')}</Content>
        )}
        <ul className="billing-changes">
          {newest.map((anomaly) => (
            <li key={anomaly.date}>
              <UnusualDay anomaly={anomaly} unit={meta} />
            </li>
          ))}
        </ul>
      </CardBody>
    </Card>
  );
}

function UnusualDay({ anomaly, unit }: { anomaly: Schemas['Anomaly']; unit: Unit }) {
  const { t } = useTranslation('overview');
  const { low, high } = anomaly.expected;
  const causes = anomaly.groups
    .slice(0, MOST_CAUSES)
    .map(({ name, amount }) => t('cause', { name, amount: formatDifference(amount, unit) }));
  return (
    <>
      <strong>{formatDay(anomaly.date, { weekday: true })}</strong>
      <span className="billing-amount-of">{formatDifference(anomaly.beyond, unit)}</span>
      <span className="billing-note">
        {t('unusualDay', { amount: formatAmount(anomaly.amount, unit), range: formatAmountRange(low, high, unit) })}.{' '}
        {causes.length > 0 && t('unusualCause', { causes: new Intl.ListFormat(locale()).format(causes) })}
      </span>
    </>
  );
}
