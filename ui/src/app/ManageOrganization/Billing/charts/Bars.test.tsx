import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';

import { type BarBucket, Bars } from './Bars';

const plot = { width: 600, height: 200, padding: { top: 10, right: 160, bottom: 30, left: 70 } };
const scale = { x: (value: number) => 70 + value * 100, y: (value: number) => 170 - value };
const series = ['acme-web', 'acme-data', 'acme-ci'].map((name, mark) => ({ name, mark }));

function show(...buckets: BarBucket[]) {
  const { container } = render(
    <svg>
      <Bars chart="one" plot={plot} series={series} buckets={buckets} scale={scale} />
    </svg>,
  );
  return container.querySelectorAll('.billing-label-line');
}

const complete = { amount: 120, parts: [60, 40, 20], isComplete: true };
const running = { amount: 3, parts: [1, 1, 1], isComplete: false };

test('names stand at the last complete bar, and not at the small bar of the running day', () => {
  const lines = show(complete, running);
  expect(lines).toHaveLength(3);
  expect(lines[0]?.getAttribute('d')).toMatch(/^M160 140H440/);
});

test('without a readable bar the names are a legend', () => {
  expect(show(running)).toHaveLength(0);
  expect(screen.getByText('acme-web')).toBeInTheDocument();
});
