import type { KeyboardEvent, PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';

import type { ChartPoint } from './ChartFigure';
import { Swatch } from './marks';
import { type Plot, pointAt, pointX, type Spread } from './scale';

interface PointCursorProps {
  chart: string;
  title: string;
  plot: Plot;
  spread: Spread;
  points: readonly ChartPoint[];
  /** Null: no point is shown. */
  active: number | null;
  onMove: (active: number | null) => void;
}

/** Arrow keys move by a point, Page Up and Page Down by seven, Home and End to the ends, Escape hides the figures. */
const STEPS: Record<string, number> = {
  ArrowRight: 1,
  ArrowUp: 1,
  ArrowLeft: -1,
  ArrowDown: -1,
  PageUp: 7,
  PageDown: -7,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** A slider over the chart, whose values are the points. */
export function PointCursor({ chart, title, plot, spread, points, active, onMove }: PointCursorProps) {
  const { t } = useTranslation('charts');
  const last = points.length - 1;
  const shown = active === null ? undefined : points[active];
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (event.key === 'Escape') {
      onMove(null);
    } else if (step !== undefined) {
      event.preventDefault();
      onMove(Math.min(last, Math.max(0, (active ?? (step > 0 ? -1 : 0)) + step)));
    }
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    onMove(pointAt(plot, spread, points.length, event.clientX - left));
  };
  return (
    <div
      role="slider"
      tabIndex={0}
      className="billing-cursor"
      aria-label={t('points', { title })}
      aria-orientation="horizontal"
      aria-valuemin={1}
      aria-valuemax={points.length}
      aria-valuenow={(active ?? 0) + 1}
      aria-valuetext={shown === undefined ? t('start', { count: points.length }) : textOf(shown)}
      onKeyDown={onKeyDown}
      onPointerMove={onPointerMove}
      onPointerDown={onPointerMove}
      onPointerLeave={() => {
        onMove(null);
      }}
      onBlur={() => {
        onMove(null);
      }}
    >
      {shown !== undefined && active !== null && (
        <PointCard chart={chart} plot={plot} point={shown} x={pointX(plot, spread, points.length, active)} />
      )}
    </div>
  );
}

function textOf({ name, figures }: ChartPoint): string {
  return `${name}: ${figures.map((figure) => `${figure.name} ${figure.text}`).join(', ')}`;
}

interface PointCardProps {
  chart: string;
  plot: Plot;
  point: ChartPoint;
  x: number;
}

/** The figures of a point, on the side with more space. Screen readers have them as the value of the slider. */
function PointCard({ chart, plot, point, x }: PointCardProps) {
  const side = x > plot.width / 2 ? { insetInlineEnd: plot.width - x + 8 } : { insetInlineStart: x + 8 };
  return (
    <div aria-hidden="true">
      <div className="billing-cursor-line" style={{ insetInlineStart: x }} />
      <div className="billing-cursor-card" style={side}>
        <strong>{point.name}</strong>
        <dl>
          {point.figures.map(({ name, text, mark }) => (
            <div key={name}>
              <dt>
                {mark !== undefined && <Swatch chart={chart} mark={mark} />}
                <span>{name}</span>
              </dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  );
}
