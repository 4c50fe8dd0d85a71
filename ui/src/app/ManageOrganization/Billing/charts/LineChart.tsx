import { Chart, ChartArea, ChartAxis, ChartContainer, ChartLine } from '@patternfly/react-charts/victory';
import { memo } from 'react';

import { BELOW, BESIDE } from './axisStyles';
import { freePlace } from './freePlace';
import { placeLabels } from './labels';
import { labelled, type Plot, pointX, topOf } from './scale';

/** `level` is one amount over the complete width, as a budget. Each kind has its own colour, width and dashes. */
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
  format: (amount: number, top: number) => string;
}

const TICK_WIDTH = 56;
const TICKS_BESIDE = 4;
const LABEL_GAP = 16;
/** The width of a letter of a label, on average. */
const LETTER = 7.5;

const STROKES: Record<LineKind, object> = {
  main: { stroke: 'var(--billing-line-main)', strokeWidth: 3 },
  earlier: { stroke: 'var(--billing-line-earlier)', strokeWidth: 1.5 },
  forecast: { stroke: 'var(--billing-line-main)', strokeWidth: 2, strokeDasharray: '2 4' },
  level: { stroke: 'var(--billing-line-level)', strokeWidth: 2, strokeDasharray: '8 4' },
};

const BAND_EDGE = { stroke: 'var(--billing-band-edge)', strokeWidth: 1 };

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
      <ChartAxis
        dependentAxis
        showGrid
        tickCount={TICKS_BESIDE}
        tickFormat={(amount: number) => format(amount, top)}
        style={BESIDE}
      />
      {band !== undefined && (
        <ChartArea
          data={areaOf(band)}
          style={{ data: { ...BAND_EDGE, fill: 'var(--billing-band)', fillOpacity: 1 } }}
        />
      )}
      {band !== undefined && <ChartLine data={pointsOf(band.low)} style={{ data: BAND_EDGE }} />}
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

/** The name of a line that ends before the right edge is near its end where no line is, the others are at the edge. */
function EndLabels({ plot, lines, band, count, scale }: EndLabelsProps) {
  if (scale === undefined || plot.padding.right < TICK_WIDTH) {
    return null;
  }
  const ends = [...lines, ...(band === undefined ? [] : [{ name: band.name, amounts: band.high }])]
    .map(({ name, amounts }) => ({ name, index: lastKnown(amounts), amounts }))
    .filter(({ index, name }) => index >= 0 && name !== '')
    .map(({ name, index, amounts }) => ({ name, index, y: scale.y(amounts[index] ?? 0) }));
  const courses = [...lines.map(({ amounts }) => amounts), band?.low ?? [], band?.high ?? []].map((amounts) =>
    amounts.map((amount, index) =>
      amount === null ? null : ([pointX(plot, 'line', count, index), scale.y(amount)] as const),
    ),
  );
  const area = [0, plot.height - plot.padding.bottom] as const;
  const placed = ends
    .filter(({ index }) => index < count - 1)
    .map((end) => {
      const x = pointX(plot, 'line', count, end.index);
      const width = end.name.length * LETTER;
      const isStart = x - width < plot.padding.left;
      const sides = isStart ? ([x, x + width] as const) : ([x - width, x] as const);
      return { ...end, x, isStart, place: freePlace(end.y, sides, courses, area, LABEL_GAP) };
    });
  return (
    <g>
      {placed.map(
        ({ name, x, isStart, place }) =>
          place !== null && (
            <text
              key={name}
              x={x}
              y={place}
              dominantBaseline="central"
              textAnchor={isStart ? 'start' : 'end'}
              className="billing-label"
            >
              {name}
            </text>
          ),
      )}
      <EdgeLabels
        plot={plot}
        ends={[...ends.filter(({ index }) => index >= count - 1), ...placed.filter(({ place }) => place === null)]}
      />
    </g>
  );
}

function EdgeLabels({ plot, ends }: { plot: Plot; ends: readonly { name: string; y: number }[] }) {
  const places = placeLabels(
    ends.map(({ y }) => y),
    LABEL_GAP,
    plot.height - plot.padding.bottom,
  );
  const right = plot.width - plot.padding.right;
  return ends.map(({ name, y }, number) => (
    <g key={name}>
      <path d={`M${right + 2} ${y}L${right + 8} ${places[number] ?? 0}`} className="billing-label-line" />
      <text x={right + 12} y={places[number]} dominantBaseline="central" className="billing-label">
        {name}
      </text>
    </g>
  ));
}

function lastKnown(amounts: readonly (number | null)[]): number {
  return amounts.findLastIndex((amount) => amount !== null);
}
