import './charts.css';

import { Content, Skeleton, Title } from '@patternfly/react-core';
import { type ReactNode, Suspense, useId, useMemo, useRef, useState } from 'react';

import { LazyBoundary } from '../components/LazyBoundary';
import { MarkPatterns } from './marks';
import { PointCursor } from './PointCursor';
import type { Padding, Plot, Spread } from './scale';
import { useWidth } from './useWidth';

/** What a reader gets at a point of the chart: its name, and its figures as they are shown elsewhere. */
export interface ChartPoint {
  name: string;
  figures: readonly { name: string; text: string; mark?: number }[];
}

export interface ChartFigureProps {
  /** Of the patterns, if a table beside the chart has its marks too. */
  chart?: string;
  title: string;
  headingLevel?: 'h2' | 'h3';
  /** One sentence that states what the chart shows. */
  finding: string;
  points: readonly ChartPoint[];
  spread: Spread;
  height?: number;
  /** Space for the labels at the right edge, if the chart is wide enough. */
  labelWidth?: number;
  /** The names of the marks, for a chart that is too narrow for labels. */
  legend?: ReactNode;
  /** The chart, which is loaded late. `chart` is the id for its patterns. */
  children: (plot: Plot, chart: string) => ReactNode;
}

const HEIGHT = 300;
const PADDING: Padding = { top: 12, right: 12, bottom: 32, left: 76 };
/** Narrower charts have no labels at the right edge. The table has the names. */
const WIDE = 520;

/**
 * A chart with a heading, its finding in words, and a cursor along its points for the keyboard, the pointer and screen
 * readers. The picture is not read: the points are, and the table below the chart has the same figures.
 */
export function ChartFigure(props: ChartFigureProps) {
  const {
    title,
    headingLevel = 'h2',
    finding,
    points,
    spread,
    height = HEIGHT,
    labelWidth = 0,
    legend,
    children,
  } = props;
  const own = useId();
  const id = props.chart ?? own;
  const area = useRef<HTMLDivElement>(null);
  const width = useWidth(area, WIDE);
  const [active, setActive] = useState<number | null>(null);
  const plot = useMemo<Plot>(
    () => ({
      width,
      height,
      padding: { ...PADDING, right: width < WIDE ? PADDING.right : PADDING.right + labelWidth },
    }),
    [width, height, labelWidth],
  );
  const picture = useMemo(() => children(plot, id), [children, plot, id]);
  return (
    <figure className="billing-figure" aria-labelledby={`${id}-title`} aria-describedby={`${id}-finding`}>
      <figcaption>
        <Title headingLevel={headingLevel} size="lg" id={`${id}-title`}>
          {title}
        </Title>
        <Content component="p" id={`${id}-finding`}>
          {finding}
        </Content>
      </figcaption>
      <svg width={0} height={0} className="billing-patterns" aria-hidden="true">
        <MarkPatterns chart={id} />
      </svg>
      {width < WIDE && legend}
      <div ref={area} className="billing-plot" style={{ blockSize: height }} dir="ltr">
        <LazyBoundary text="chartFailed">
          <Suspense fallback={<Skeleton height="100%" />}>
            <div aria-hidden="true" className="billing-picture">
              {picture}
            </div>
          </Suspense>
        </LazyBoundary>
        <PointCursor
          chart={id}
          title={title}
          plot={plot}
          spread={spread}
          points={points}
          active={active}
          onMove={setActive}
        />
      </div>
    </figure>
  );
}
