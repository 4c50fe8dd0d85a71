/** The places of labels beside the marks that they name. */

/**
 * Moves labels apart: the same order, at least `gap` between two, and all within 0 and `height` if they fit.
 * `wanted` are the places that they should have, from the top.
 */
export function placeLabels(wanted: readonly number[], gap: number, height: number): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const places = [...wanted];
  let free = 0;
  for (const index of order) {
    places[index] = Math.max(wanted[index] ?? 0, free);
    free = (places[index] ?? 0) + gap;
  }
  let limit = height;
  for (const index of order.reverse()) {
    places[index] = Math.min(places[index] ?? 0, limit);
    limit = (places[index] ?? 0) - gap;
  }
  return places;
}
