/** The axes in the colours of the page. PatternFly's defaults are for one theme only. */
const FONT = {
  fill: 'var(--pf-t--global--text--color--subtle)',
  fontSize: 12,
  fontFamily: 'var(--pf-t--global--font--family--body)',
};
const LINE = 'var(--pf-t--global--border--color--default)';

export const BELOW = {
  axis: { stroke: 'var(--pf-t--global--text--color--subtle)', strokeWidth: 1 },
  grid: { stroke: 'none' },
  ticks: { stroke: LINE, size: 4 },
  tickLabels: { ...FONT, padding: 4 },
};

export const BESIDE = {
  axis: { stroke: 'none' },
  grid: { stroke: LINE, strokeWidth: 1 },
  ticks: { stroke: 'none' },
  tickLabels: { ...FONT, padding: 8 },
};
