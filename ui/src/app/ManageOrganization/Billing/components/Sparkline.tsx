import { useTranslation } from 'react-i18next';

import { formatAmount, type Unit } from '../money';

const WIDTH = 120;
const HEIGHT = 24;
const INSET = 2;

interface SparklineProps {
  /** Of the project, for the text. */
  name: string;
  /** One amount per day, the oldest first. Null: a day without data is a gap. */
  days: readonly (number | null)[] | null;
  unit: Unit;
}

/** The daily costs as a line. Its text has the lowest and the highest. */
export function Sparkline({ name, days, unit }: SparklineProps) {
  const { t } = useTranslation('projects');
  const known = days?.filter((day) => day !== null) ?? [];
  if (days === null || known.length === 0) {
    return (
      <span className="billing-spark">
        <span className="pf-v6-screen-reader">{t('trendUnknown', { namespace: name })}</span>
      </span>
    );
  }
  const label = t('trendOf', {
    namespace: name,
    low: formatAmount(Math.min(...known), unit),
    high: formatAmount(Math.max(...known), unit),
  });
  return (
    <svg className="billing-spark" role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
      <path d={pathOf(days)} />
    </svg>
  );
}

/** A line from the first known day; after a gap it begins again. The lower edge is 0. */
export function pathOf(days: readonly (number | null)[]): string {
  const highest = Math.max(...days.map((day) => day ?? 0));
  const x = (index: number) => INSET + (index / Math.max(1, days.length - 1)) * (WIDTH - 2 * INSET);
  const y = (amount: number) => HEIGHT - INSET - (highest > 0 ? amount / highest : 0) * (HEIGHT - 2 * INSET);
  return days
    .map((day, index) => {
      if (day === null) {
        return '';
      }
      const isFirst = index === 0 || days[index - 1] === null;
      // A day between two gaps is a point: a line of no length with round ends.
      const isAlone = isFirst && (days[index + 1] ?? null) === null;
      const point = `${x(index).toFixed(1)} ${y(day).toFixed(1)}`;
      return `${isFirst ? 'M' : 'L'}${point}${isAlone ? `L${point}` : ''}`;
    })
    .join('');
}
