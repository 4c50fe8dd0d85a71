/** Colours and patterns of the marks. Each colour has 3:1 to the page in both themes (charts.css). */
/** Nine groups. A tenth mark is for all others. */
export const MOST_MARKS = 9;
export const OTHER_MARK = MOST_MARKS;

/** Complete names: the build removes variables that no file names. */
const COLORS = [
  'var(--billing-chart-1)',
  'var(--billing-chart-2)',
  'var(--billing-chart-3)',
  'var(--billing-chart-4)',
  'var(--billing-chart-5)',
  'var(--billing-chart-6)',
  'var(--billing-chart-7)',
  'var(--billing-chart-8)',
  'var(--billing-chart-9)',
  'var(--billing-chart-10)',
];

export function patternId(chart: string, mark: number): string {
  return `${chart}-pattern-${mark}`;
}

/** Lines of the size of a tile, 8 x 8. The first mark has none. They tell the marks apart without colours. */
const LINES = [
  '',
  'M-2 2L2 -2M0 8L8 0M6 10L10 6',
  'M0 4H8',
  'M-2 6L2 10M0 0L8 8M6 -2L10 2',
  'M4 0V8',
  'M0 0L8 8M8 0L0 8',
  'M2 4H6M4 2V6',
  'M0 2H8M0 6H8',
  'M4 0V8M0 4H8',
  'M2 2h1M6 6h1',
];

/** One pattern for each mark: its colour, and lines in the colour of the page. */
export function MarkPatterns({ chart }: { chart: string }) {
  return (
    <defs>
      {LINES.map((lines, mark) => (
        <pattern
          key={lines}
          id={patternId(chart, mark)}
          width={8}
          height={8}
          patternUnits="userSpaceOnUse"
          className="billing-mark-pattern"
        >
          <rect width={8} height={8} fill={COLORS[mark]} className="billing-mark-fill" />
          {lines !== '' && <path d={lines} className="billing-mark-lines" />}
        </pattern>
      ))}
    </defs>
  );
}

/** The mark of a group beside its name, in labels and tables. */
export function Swatch({ chart, mark }: { chart: string; mark: number }) {
  return (
    <svg className="billing-mark" width={14} height={14} aria-hidden="true">
      <rect width={14} height={14} rx={2} fill={`url(#${patternId(chart, mark)})`} className="billing-mark-edge" />
    </svg>
  );
}
