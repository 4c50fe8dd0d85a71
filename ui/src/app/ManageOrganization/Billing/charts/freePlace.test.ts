import { expect, test } from 'vitest';

import { type Course, freePlace } from './freePlace';

const rising: Course = [
  [0, 100],
  [50, 80],
  [100, 60],
];
const level = (y: number): Course => [
  [0, y],
  [200, y],
];
const place = (courses: Course[]) => freePlace(60, [20, 100], courses, [0, 150], 12);

test('a label stands above the end of its line', () => {
  expect(place([rising])).toBe(46);
});

test('a label does not stand on another line', () => {
  expect(place([rising, level(46)])).toBe(32);
});

test('without a free place there is none', () => {
  expect(place([rising, level(46), level(30), level(15), level(76), level(90), level(104)])).toBeNull();
});
