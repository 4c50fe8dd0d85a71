import { Content } from '@patternfly/react-core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { Fresh } from '../api/models';
import { formatAge, formatHour } from '../dates';
import { ageSeconds, serverTime, useNow } from '../now';
import { useShownQuality } from './ShownQuality';

/** Usage arrives each hour. After this time without a new hour, the page shows that it is late. */
const LATE_SECONDS = 3 * 3600;

/** "Usage up to 01:00 UTC, loaded 2 minutes ago": what the figures cover, and how old the response is. */
export function Freshness({ fresh }: { fresh: Fresh<unknown> | undefined }) {
  const { t } = useTranslation();
  const now = useNow();
  const shown = useShownQuality();
  if (fresh === undefined) {
    return <Content component="small">{'\u00a0'}</Content>;
  }
  const through = throughOf(fresh);
  const age = ageSeconds(fresh, now);
  const clock = serverTime(fresh, now);
  const usage =
    through === null
      ? t('usageNone')
      : t('usageUpTo', { time: formatHour(through, clock, fresh.meta.time_zone ?? 'UTC') });
  const loaded = age < 60 ? t('loadedNow') : t('loadedAgo', { age: formatAge(age) });
  const incomplete = (shown ?? fresh.meta).incomplete_hours ?? 0;
  const isLate = through !== null && clock.getTime() - through.getTime() > LATE_SECONDS * 1000;
  return (
    <Content component="small" className="billing-freshness">
      {usage}, <span className="billing-age">{loaded}</span>
      {isLate && <strong>. {t('late', { age: formatAge(LATE_SECONDS) })}</strong>}
      {incomplete > 0 && <>. {t('usageIncomplete', { count: incomplete })}</>}
      <Announcement version={`${fresh.meta.data_version ?? ''} ${through?.toISOString() ?? ''}`} />
    </Content>
  );
}

function throughOf({ meta, asOf }: Fresh<unknown>): Date | null {
  const complete = meta.complete_through === undefined ? asOf : new Date(meta.complete_through);
  return complete !== null && Number.isNaN(complete.getTime()) ? asOf : complete;
}

/** A screen reader reads that new figures came, at its next pause. */
function Announcement({ version }: { version: string }) {
  const { t } = useTranslation();
  const first = useRef(version);
  const [isNew, setIsNew] = useState(false);
  useEffect(() => {
    if (first.current !== version) {
      first.current = version;
      setIsNew(true);
      const timer = setTimeout(() => {
        setIsNew(false);
      }, 5000);
      return () => {
        clearTimeout(timer);
      };
    }
    return undefined;
  }, [version]);
  return (
    <span role="status" className="pf-v6-screen-reader">
      {isNew && t('updated')}
    </span>
  );
}
