import { useTranslation } from 'react-i18next';

import { formatTime } from '../../dates';
import { formatAmount, formatDifference } from '../../money';
import { type ChangeSubject, type ExplainSubject, hourOf, trendRange } from '../subject';
import { Stated } from './Stated';
import { trendAddress } from './trendAddress';

const PARTS = ['volume', 'price', 'new', 'gone', 'rounding'] as const;

interface ChangeFactsProps {
  subject: ChangeSubject;
  onOpen: (subject: ExplainSubject) => void;
}

/** The two figures that a difference is of, each with its rows, and what caused it. */
export function ChangeFacts({ subject, onOpen }: ChangeFactsProps) {
  const { t } = useTranslation('explain');
  const { title, scope, filter, compared, fresh } = subject;
  const { data, meta } = fresh;
  const { compare } = data;
  const zone = meta.time_zone ?? 'UTC';
  const span = (from: string | null | undefined, to: string | null | undefined) =>
    from == null || to == null ? '' : `${formatTime(new Date(from), zone)} – ${formatTime(new Date(to), zone)}`;
  const rangeOf = (from: string | null | undefined, to: string | null | undefined, shown: number) =>
    from == null || to == null
      ? undefined
      : ({
          kind: 'range',
          title,
          scope,
          query: { ...trendRange(data, filter), from: hourOf(from), to: hourOf(to) },
          shown,
        } as const);
  const { current } = compare ?? {};
  return (
    <Stated
      name={t('changeOf', { name: title })}
      value={formatDifference(compared.difference, meta)}
      range={span(current?.from, current?.to)}
      fresh={fresh}
      method={[
        t('changeMethod', { range: span(compare?.from, compare?.to) }),
        t('changeParts'),
        (compare?.incomplete_hours ?? 0) > 0 ? t('earlierIncomplete', { count: compare?.incomplete_hours ?? 0 }) : null,
      ]}
      rows={[
        {
          name: t('before'),
          text: formatAmount(compared.before, meta),
          part: rangeOf(compare?.from, compare?.to, compared.before),
        },
        ...PARTS.filter((part) => (compared[part] ?? 0) !== 0).map((part) => ({
          name: t(`change_${part}`),
          text: formatDifference(compared[part], meta),
        })),
        {
          name: t('now'),
          text: formatAmount(compared.after, meta),
          part: rangeOf(current?.from, current?.to, compared.after),
          isBold: true,
        },
      ]}
      address={trendAddress(scope, data)}
      onOpen={onOpen}
    />
  );
}
