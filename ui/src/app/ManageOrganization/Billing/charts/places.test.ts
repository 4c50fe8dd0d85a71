import { describe, expect, test } from 'vitest';

import { placeLabels } from './labels';
import { labelled, pointAt, pointX, topOf } from './scale';

const plot = { width: 500, height: 300, padding: { top: 0, right: 50, bottom: 30, left: 50 } };

describe('labels beside marks', () => {
  test('stay where their marks are, if there is space', () => {
    expect(placeLabels([10, 100, 200], 16, 300)).toEqual([10, 100, 200]);
  });

  test('keep their order and their distance, and stay within the chart', () => {
    const places = placeLabels([295, 10, 299, 12], 16, 300);
    expect(places[1]).toBe(10);
    expect(places[3]).toBe(26);
    expect(places[2]).toBeLessThanOrEqual(300);
    expect((places[2] ?? 0) - (places[0] ?? 0)).toBeGreaterThanOrEqual(16);
  });
});

describe('the point of a place', () => {
  test.each(['bars', 'line'] as const)('is the point whose place it is (%s)', (spread) => {
    for (const index of [0, 3, 29]) {
      expect(pointAt(plot, spread, 30, pointX(plot, spread, 30, index))).toBe(index);
    }
  });

  test('beyond the chart is the nearest point', () => {
    expect(pointAt(plot, 'bars', 30, -20)).toBe(0);
    expect(pointAt(plot, 'bars', 30, 9999)).toBe(29);
  });
});

test('400 points have as many labels as fit, and one point has one', () => {
  const shown = labelled(plot, 400, 72);
  expect(shown[0]).toBe(0);
  expect(shown.length).toBeLessThanOrEqual(5);
  expect(labelled(plot, 1, 72)).toEqual([0]);
});

test('an axis without an amount above 0 does not end at 0', () => {
  expect(topOf([null, 0])).toBe(1);
  expect(topOf([null, 3.5, 2])).toBe(3.5);
});
