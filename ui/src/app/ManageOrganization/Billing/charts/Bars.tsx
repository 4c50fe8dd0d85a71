import { placeLabels } from './labels';
import { patternId } from './marks';
import type { Plot } from './scale';

export interface BarBucket {
  /** The sum of the parts, as the API gave it. Null: nothing is known, and there is no bar. */
  amount: number | null;
  /** One for each series, from the bottom. Null if the amount is. */
  parts: readonly number[] | null;
  /** False: hours are missing, or the bucket is not over. The bar has a dashed edge. */
  isComplete: boolean;
}

export interface BarSeries {
  name: string;
  mark: number;
}

/** The scales of a chart, which it gives to its children. */
interface Scale {
  x: (value: number) => number;
  y: (value: number) => number;
}

export interface BarsProps {
  /** The id of the chart, for its patterns. */
  chart: string;
  plot: Plot;
  series: readonly BarSeries[];
  buckets: readonly BarBucket[];
  scale?: Scale;
}

const LABEL_GAP = 16;
/** Labels need this space beside the bars. */
export const LABEL_WIDTH = 150;
const LONGEST_LABEL = 17;

/**
 * The bars of a stack: one path for each series. A chart of 400 hours and 10 groups has 4000 bars, and Victory has a
 * component for each of them.
 */
export function Bars({ chart, plot, series, buckets, scale }: BarsProps) {
  if (scale === undefined) {
    return null; // Victory gives it
  }
  const hasLabels = plot.padding.right >= LABEL_WIDTH;
  return (
    <g>
      {series.map(({ name, mark }, index) => (
        <path
          key={`${mark} ${name}`}
          d={pathOf(buckets, index, scale)}
          fill={`url(#${patternId(chart, mark)})`}
          className="billing-mark-edge"
        />
      ))}
      <path d={zerosOf(buckets, scale)} className="billing-zero" />
      <path d={openOf(buckets, scale)} className="billing-open" />
      {hasLabels && <DirectLabels chart={chart} series={series} buckets={buckets} scale={scale} plot={plot} />}
    </g>
  );
}

/** A bar has 80 % of its place, and at least one pixel. */
function sides(scale: Scale, index: number): [left: number, width: number] {
  const left = scale.x(index);
  const place = scale.x(index + 1) - left;
  return [left + place * 0.1, Math.max(1, place * 0.8)];
}

function pathOf(buckets: readonly BarBucket[], series: number, scale: Scale): string {
  const bars = [];
  for (const [index, { parts }] of buckets.entries()) {
    const part = parts?.[series] ?? 0;
    if (parts !== null && part > 0) {
      const [left, width] = sides(scale, index);
      const base = below(parts, series);
      const top = scale.y(base + part);
      bars.push(rectangle(left, top, width, scale.y(base) - top));
    }
  }
  return bars.join('');
}

/** Only for places in the chart. It is not shown. */
function below(parts: readonly number[], series: number): number {
  let sum = 0;
  for (let index = 0; index < series; index++) {
    sum += parts[index] ?? 0;
  }
  return sum;
}

function rectangle(left: number, top: number, width: number, height: number): string {
  return `M${left.toFixed(1)} ${top.toFixed(1)}h${width.toFixed(1)}v${height.toFixed(1)}h${(-width).toFixed(1)}z`;
}

/** A bucket that costs 0 has a line, so that it differs from one without data. */
function zerosOf(buckets: readonly BarBucket[], scale: Scale): string {
  return buckets
    .map(({ amount }, index) => {
      const [left, width] = sides(scale, index);
      return amount === 0 ? `M${left.toFixed(1)} ${(scale.y(0) - 1).toFixed(1)}h${width.toFixed(1)}` : '';
    })
    .join('');
}

function openOf(buckets: readonly BarBucket[], scale: Scale): string {
  return buckets
    .map(({ amount, isComplete }, index) => {
      if (isComplete || amount === null || amount <= 0) {
        return '';
      }
      const [left, width] = sides(scale, index);
      const top = scale.y(amount);
      return rectangle(left, top, width, scale.y(0) - top);
    })
    .join('');
}

/**
 * The names at the height of their parts in the last complete bar. If that bar is too low for them, they are a legend
 * with the marks, in the order of the stack.
 */
function DirectLabels({ chart, series, buckets, scale, plot }: Required<BarsProps>) {
  const known = ({ amount }: BarBucket) => amount !== null && amount > 0;
  const index = buckets.findLastIndex((bucket) => known(bucket) && bucket.isComplete);
  const named = buckets[index] ?? buckets.findLast(known);
  const parts = named?.parts ?? null;
  const right = plot.width - plot.padding.right;
  if (parts === null) {
    return null;
  }
  const middles = series.map((_, index) => scale.y(below(parts, index) + (parts[index] ?? 0) / 2));
  const places = placeLabels(middles, LABEL_GAP, plot.height - plot.padding.bottom);
  const isReadable = index >= 0 && scale.y(0) - scale.y(named?.amount ?? 0) >= series.length * LABEL_GAP;
  if (!isReadable) {
    return <Legend chart={chart} series={series} left={right + 14} />;
  }
  const [left, width] = sides(scale, index);
  return series.map(({ name, mark }, index) => (
    <g key={`${mark} ${name}`}>
      <path
        d={`M${left + width} ${middles[index] ?? 0}H${right}L${right + 10} ${places[index] ?? 0}`}
        className="billing-label-line"
      />
      <text x={right + 14} y={places[index]} dominantBaseline="central" className="billing-label">
        {shortName(name)}
      </text>
    </g>
  ));
}

/** From the top of the stack to its bottom. */
function Legend({ chart, series, left }: Pick<BarsProps, 'chart' | 'series'> & { left: number }) {
  return series.map(({ name, mark }, index) => {
    const y = (series.length - index) * LABEL_GAP;
    return (
      <g key={`${mark} ${name}`}>
        <rect
          x={left}
          y={y - 6}
          width={12}
          height={12}
          fill={`url(#${patternId(chart, mark)})`}
          className="billing-mark-edge"
        />
        <text x={left + 18} y={y} dominantBaseline="central" className="billing-label">
          {shortName(name)}
        </text>
      </g>
    );
  });
}

function shortName(name: string): string {
  return name.length > LONGEST_LABEL ? `${name.slice(0, LONGEST_LABEL - 1)}…` : name;
}
