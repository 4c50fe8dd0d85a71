import { VictoryAxis, VictoryChart, VictoryContainer } from 'victory';
import { memo } from 'react';

import { BELOW, BESIDE } from './axisStyles';
import { Bars, type BarsProps } from './Bars';
import { labelled, type Plot, topOf } from './scale';

export interface StackedBarsProps extends Omit<BarsProps, 'scale' | 'plot'> {
  plot: Plot;
  /** The label of each bucket below the axis. */
  ticks: readonly string[];
  /** An amount at the axis. */
  format: (amount: number, top: number) => string;
}

const TICK_WIDTH = 72;
const TICKS_BESIDE = 5;

/** A bar for each bucket. Memoized: moving along the points does not draw the bars again. */
export default memo(function StackedBars({ plot, ticks, format, ...marks }: StackedBarsProps) {
  const { buckets } = marks;
  const top = topOf(buckets.map(({ amount }) => amount));
  const shown = labelled(plot, buckets.length, TICK_WIDTH);
  return (
    <VictoryChart
      width={plot.width}
      height={plot.height}
      padding={plot.padding}
      domain={{ x: [0, buckets.length], y: [0, top * 1.05] }}
      containerComponent={<VictoryContainer responsive={false} />}
    >
      <VictoryAxis
        dependentAxis
        tickCount={TICKS_BESIDE}
        tickFormat={(amount: number) => format(amount, top)}
        style={BESIDE}
      />
      <Bars {...marks} plot={plot} />
      <VictoryAxis
        tickValues={shown.map((index) => index + 0.5)}
        tickFormat={(value: number) => ticks[Math.floor(value)] ?? ''}
        style={BELOW}
      />
    </VictoryChart>
  );
});
