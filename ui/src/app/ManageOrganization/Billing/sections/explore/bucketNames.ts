/** The names of buckets, in the organization's time zone and the language of the page. */
import type { Trend, TrendBucket } from '../../api/models';

type Granularity = Trend['granularity'];

const NAMES: Record<Granularity, Intl.DateTimeFormatOptions> = {
  hour: { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  day: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  week: { day: 'numeric', month: 'short', year: 'numeric' },
  month: { month: 'long', year: 'numeric' },
};
const TICKS: Record<Granularity, Intl.DateTimeFormatOptions> = {
  hour: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  day: { day: 'numeric', month: 'short' },
  week: { day: 'numeric', month: 'short' },
  month: { month: 'short', year: '2-digit' },
};

export interface BucketNames {
  /** "Tue, 3 Nov 2026", "2 – 8 Nov 2026" */
  name: (bucket: TrendBucket) => string;
  /** "3 Nov", for the axis. */
  tick: (bucket: TrendBucket) => string;
}

/** One formatter for all buckets, because creating one takes longer than formatting with it. */
export function bucketNames(granularity: Granularity, timeZone: string, locale: string): BucketNames {
  const names = new Intl.DateTimeFormat(locale, { ...NAMES[granularity], timeZone });
  const ticks = new Intl.DateTimeFormat(locale, { ...TICKS[granularity], timeZone });
  const isSpan = granularity === 'week' || granularity === 'hour';
  return {
    name: ({ from, to }) =>
      isSpan ? names.formatRange(new Date(from), lastMoment(to, granularity)) : names.format(new Date(from)),
    tick: ({ from }) => ticks.format(new Date(from)),
  };
}

/** A week ends with its last day, an hour with the next one. */
function lastMoment(to: string, granularity: Granularity): Date {
  return new Date(new Date(to).getTime() - (granularity === 'week' ? 1 : 0));
}
