import { Chart, ChartArea, ChartAxis, ChartContainer, ChartLine } from '@patternfly/react-charts/victory';
import { memo } from 'react';

import { BELOW, BESIDE } from './axisStyles';
import { placeLabels } from './labels';
import { labelled, type Plot, pointX, topOf } from './scale';

/** `level` is one amount over the whole width, as a budget. Each kind has its own colour, width and dashes. */
export type LineKind = 'main' | 'earlier' | 'forecast' | 'level';

export interface Line {
  name: string;
  kind: LineKind;
  /** One for each point. Null is a gap: nothing is known. */
  amounts: readonly (number | null)[];
}

export interface Band {
  name: string;
  low: readonly (number | null)[];
  high: readonly (number | null)[];
}

export interface LineChartProps {
  plot: Plot;
  lines: readonly Line[];
  band?: Band;
  /** The label of each point below the axis. */
  ticks: readonly string[];
  format: (amount: number) => string;
}

const TICK_WIDTH = 56;
const TICKS_BESIDE = 4;
const LABEL_GAP = 16;

const STROKES: Record<LineKind, object> = {
  main: { stroke: 'var(--billing-line-main)', strokeWidth: 3 },
  earlier: { stroke: 'var(--billing-line-earlier)', strokeWidth: 1.5 },
  forecast: { stroke: 'var(--billing-line-main)', strokeWidth: 2, strokeDasharray: '2 4' },
  level: { stroke: 'var(--billing-line-level)', strokeWidth: 2, strokeDasharray: '8 4' },
};

/** Lines over the same points, with a band behind them. The name of each is at its end. */
export default memo(function LineChart({ plot, lines, band, ticks, format }: LineChartProps) {
  const count = ticks.length;
  const top = topOf([...lines.flatMap(({ amounts }) => amounts), ...(band?.high ?? [])]);
  const shown = labelled(plot, count, TICK_WIDTH);
  return (
    <Chart
      width={plot.width}
      height={plot.height}
      padding={plot.padding}
      domain={{ x: [0, Math.max(1, count - 1)], y: [0, top * 1.08] }}
      containerComponent={<ChartContainer responsive={false} />}
    >
      <ChartAxis dependentAxis showGrid tickCount={TICKS_BESIDE} tickFormat={format} style={BESIDE} />
      {band !== undefined && (
        <ChartArea
          data={areaOf(band)}
          style={{ data: { fill: 'var(--billing-band)', fillOpacity: 1, stroke: 'var(--billing-band-edge)' } }}
        />
      )}
      {lines.map(({ name, kind, amounts }) => (
        <ChartLine key={name} data={pointsOf(amounts)} style={{ data: STROKES[kind] }} />
      ))}
      <EndLabels plot={plot} lines={lines} count={count} {...(band !== undefined && { band })} />
      <ChartAxis tickValues={shown} tickFormat={(value: number) => ticks[value] ?? ''} style={BELOW} />
    </Chart>
  );
});

function pointsOf(amounts: readonly (number | null)[]) {
  return amounts.map((y, x) => ({ x, y }));
}

function areaOf({ low, high }: Band) {
  return high.flatMap((y, x) => (y === null || low[x] == null ? [] : [{ x, y, y0: low[x] }]));
}

interface EndLabelsProps extends Pick<LineChartProps, 'plot' | 'lines' | 'band'> {
  count: number;
  /** Victory gives it. */
  scale?: { y: (value: number) => number };
}

/** The names of the lines and of the band at the height of their last point, at the right edge. */
function EndLabels({ plot, lines, band, count, scale }: EndLabelsProps) {
  if (scale === undefined || plot.padding.right < TICK_WIDTH) {
    return null;
  }
  const ends = [
    ...lines.map(({ name, amounts }) => ({ name, index: lastKnown(amounts), amounts })),
    ...(band === undefined ? [] : [{ name: band.name, index: lastKnown(band.high), amounts: band.high }]),
  ].filter(({ index }) => index >= 0);
  const heights = ends.map(({ amounts, index }) => scale.y(amounts[index] ?? 0));
  const places = placeLabels(heights, LABEL_GAP, plot.height - plot.padding.bottom);
  const right = plot.width - plot.padding.right;
  return (
    <g>
      {ends.map(({ name, index }, number) => (
        <g key={name}>
          <path
            d={`M${pointX(plot, 'line', count, index) + 2} ${heights[number] ?? 0}L${right + 8} ${places[number] ?? 0}`}
            className="billing-label-line"
          />
          <text x={right + 12} y={places[number]} dominantBaseline="central" className="billing-label">
            {name}
          </text>
        </g>
      ))}
    </g>
  );
}

function lastKnown(amounts: readonly (number | null)[]): number {
  return amounts.findLastIndex((amount) => amount !== null);
}
