import { Card, CardBody, CardTitle, Content } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Scope } from '../../address';
import type { Fresh, Schemas, Trend } from '../../api/models';
import { formatDay } from '../../dates';
import { Explained } from '../../explain/Explained';
import { locale } from '../../i18n';
import { formatAmount, formatAmountRange, formatDifference } from '../../money';

const MOST = 3;
const MOST_CAUSES = 3;

/** The newest days whose usage was outside of what was forecast, and what caused it. */
export function UnusualCard({ fresh, scope }: { fresh: Fresh<Trend>; scope: Scope }) {
  const { t } = useTranslation('overview');
  const { data } = fresh;
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
              <UnusualDay anomaly={anomaly} fresh={fresh} scope={scope} />
            </li>
          ))}
        </ul>
      </CardBody>
    </Card>
  );
}

interface UnusualDayProps {
  anomaly: Schemas['Anomaly'];
  fresh: Fresh<Trend>;
  scope: Scope;
}

function UnusualDay({ anomaly, fresh, scope }: UnusualDayProps) {
  const { t } = useTranslation('overview');
  const unit = fresh.meta;
  const day = formatDay(anomaly.date, { weekday: true });
  const { low, high } = anomaly.expected;
  const causes = anomaly.groups
    .slice(0, MOST_CAUSES)
    .map(({ name, amount }) => t('cause', { name, amount: formatDifference(amount, unit) }));
  return (
    <>
      <strong>{day}</strong>
      <span className="billing-amount-of">
        <Explained subject={{ kind: 'unusual', scope, anomaly, fresh }} name={day}>
          {formatDifference(anomaly.beyond, unit)}
        </Explained>
      </span>
      <span className="billing-note">
        {t('unusualDay', { amount: formatAmount(anomaly.amount, unit), range: formatAmountRange(low, high, unit) })}.{' '}
        {causes.length > 0 && t('unusualCause', { causes: new Intl.ListFormat(locale()).format(causes) })}
      </span>
    </>
  );
}
