import type { Line, LineKind } from './LineChart';

const WIDTHS: Record<LineKind, number> = { main: 3, earlier: 1.5, forecast: 2, level: 2 };
const DASHES: Partial<Record<LineKind, string>> = { forecast: '2 4', level: '8 4' };
const COLORS: Record<LineKind, string> = {
  main: 'var(--billing-line-main)',
  earlier: 'var(--billing-line-earlier)',
  forecast: 'var(--billing-line-main)',
  level: 'var(--billing-line-level)',
};

/** The names of the lines, each with a piece of its line. */
export function LineLegend({ lines }: { lines: readonly Pick<Line, 'name' | 'kind'>[] }) {
  return (
    <ul className="billing-legend">
      {lines.map(({ name, kind }) => (
        <li key={name}>
          <svg width={24} height={8} aria-hidden="true">
            <path d="M0 4H24" stroke={COLORS[kind]} strokeWidth={WIDTHS[kind]} strokeDasharray={DASHES[kind]} />
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
