import { expect, test } from 'vitest';

import { completeDays } from './history';

const days = (...states: string[]) => states.map((state) => ({ state }));

test('the line ends before the running day, also if an hour of it is missing', () => {
  expect(completeDays(days('complete', 'no_data', 'running', 'future'))).toHaveLength(2);
  expect(completeDays(days('complete', 'incomplete', 'complete', 'incomplete', 'future'))).toHaveLength(3);
  expect(completeDays(days('running'))).toEqual([]);
});
