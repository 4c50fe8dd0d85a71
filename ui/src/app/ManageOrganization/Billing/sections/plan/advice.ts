/** What an org-admin can do, from the shown figures of the pool. */
import type { Dimension } from './planData';

export type Advice =
  | { kind: 'full'; dimension: Dimension }
  | { kind: 'soon'; dimension: Dimension; day: string }
  /** `difference`: of the two shown figures. */
  | { kind: 'requests'; dimension: Dimension; requested: number; used: number; difference: number };

const REQUESTS_MATTER_FROM = 0.25;

/** The most urgent first: nothing is left, then what runs out first. Each with the requests that exceed the use. */
export function adviceOf(dimensions: readonly Dimension[]): Advice[] {
  const full = dimensions.filter(({ left }) => left !== null && left <= 0);
  const soon = dimensions
    .filter((one) => one.exhausted_on !== null && !full.includes(one))
    .sort((a, b) => (a.exhausted_on ?? '').localeCompare(b.exhausted_on ?? ''));
  return [...full, ...soon].flatMap((dimension) => [
    full.includes(dimension)
      ? { kind: 'full', dimension }
      : { kind: 'soon', dimension, day: dimension.exhausted_on ?? '' },
    ...unusedRequests(dimension),
  ]);
}

/** Only where the difference is a quarter of the limit: less is reserve. */
function unusedRequests(dimension: Dimension): Advice[] {
  const { requested, used, limit } = dimension;
  if (requested === null || used === null || limit === null) {
    return [];
  }
  const difference = Number((requested - used).toPrecision(12));
  return difference > 0 && difference >= REQUESTS_MATTER_FROM * limit
    ? [{ kind: 'requests', dimension, requested, used, difference }]
    : [];
}
