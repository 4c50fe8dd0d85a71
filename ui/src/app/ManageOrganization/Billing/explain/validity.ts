import type { TFunction } from 'i18next';

import { formatTime } from '../dates';

interface Dated {
  list: string | null;
  valid_from: string | null;
  valid_until: string | null;
}

/** "from 12 Oct 2026, 00:00 UTC, own price list" */
export function validityOf(t: TFunction<'explain'>, price: Dated | null, zone: string): string {
  if (price === null) {
    return '';
  }
  const from = price.valid_from === null ? null : formatTime(new Date(price.valid_from), zone);
  const to = price.valid_until === null ? null : formatTime(new Date(price.valid_until), zone);
  const dates =
    from === null
      ? to === null
        ? t('always')
        : t('until', { to })
      : to === null
        ? t('since', { from })
        : t('sinceUntil', { from, to });
  return price.list === null ? dates : `${dates}, ${t('ownList')}`;
}
