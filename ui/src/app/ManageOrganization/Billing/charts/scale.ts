/** What the axes need. Places are in pixels, amounts in the currency of the figures. */

export interface Padding {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** The size of a chart. `padding` is the space of the axes and labels. */
export interface Plot {
  width: number;
  height: number;
  padding: Padding;
}

/** How the points share the width: bars have a place each, a line begins and ends at the edges. */
export type Spread = 'bars' | 'line';

export function plotWidth({ width, padding }: Plot): number {
  return Math.max(1, width - padding.left - padding.right);
}

/** The middle of a point. */
export function pointX(plot: Plot, spread: Spread, count: number, index: number): number {
  const share = spread === 'bars' ? (index + 0.5) / count : count > 1 ? index / (count - 1) : 0.5;
  return plot.padding.left + share * plotWidth(plot);
}

/** The point at a place. */
export function pointAt(plot: Plot, spread: Spread, count: number, x: number): number {
  const share = (x - plot.padding.left) / plotWidth(plot);
  const index = spread === 'bars' ? Math.floor(share * count) : Math.round(share * (count - 1));
  return Math.min(count - 1, Math.max(0, index));
}

/** Which points get a label of that width below the axis. The first one always does. */
export function labelled(plot: Plot, count: number, labelWidth: number): number[] {
  const most = Math.max(1, Math.floor(plotWidth(plot) / labelWidth));
  const step = Math.max(1, Math.ceil(count / most));
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}

/** The top of the axis: the largest amount, and never 0. */
export function topOf(amounts: Iterable<number | null>): number {
  let top = 0;
  for (const amount of amounts) {
    top = Math.max(top, amount ?? 0);
  }
  return top > 0 ? top : 1;
}
