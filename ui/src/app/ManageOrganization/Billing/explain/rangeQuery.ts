import type { TrendQuery } from './subject';

/** The range and the filters of a trend, for an explanation. */
export function rangeQuery({ from, to, include, exclude }: TrendQuery) {
  return {
    from: from ?? '',
    to: to ?? '',
    ...(include != null && { include }),
    ...(exclude != null && { exclude }),
  };
}
