import { expect, test } from 'vitest';

import { history, trend } from '../../../../../../tests/trends';
import type { Meta, Trend } from '../../api/models';
import { courseOf } from './course';

const META = { time_zone: 'UTC', currency_digits: 2 } as Meta;

/** One day after the other, the first of which is `first`. A day without an amount has no running sum either. */
function days(first: string, ...amounts: (number | null)[]): Trend['buckets'] {
  let minor = 0;
  return amounts.map((amount, index) => {
    const from = Date.parse(`${first}T00:00:00Z`) + index * 86_400_000;
    minor += (amount ?? 0) * 100;
    return {
      from: new Date(from).toISOString(),
      to: new Date(from + 86_400_000).toISOString(),
      amount,
      ...(amount !== null && { cumulative: minor / 100 }),
      complete: amount !== null,
      state: amount === null ? 'no_data' : 'complete',
      incomplete_hours: 0,
    };
  });
}

test('the lines are the running sums of the API, and a day without data is a gap', () => {
  const course = courseOf({ ...trend(), buckets: days('2026-11-01', 1.5, null, 2) }, META, undefined, undefined);
  expect(course.main).toEqual([1.5, null, 3.5]);
});

test('the line of the last month begins at 0, also if the history begins before it', () => {
  const past = { ...history(), buckets: days('2026-01-31', 70.1, 0.2, 0.1, null, 1) };
  const course = courseOf({ ...trend(), buckets: days('2026-03-01', 5) }, META, past, undefined);
  expect(course.earlier).toEqual([0.2, 0.3, null, 1.3]);
  expect(course.main).toEqual([5, null, null, null]);
});
