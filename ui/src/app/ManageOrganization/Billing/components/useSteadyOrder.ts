import { type FocusEvent, useState } from 'react';

interface Kept {
  /** What the user chose when the order was kept: another choice has another order at once. */
  choice: string;
  keys: readonly string[];
}

/** For the element around the table. */
export interface HoldOrder {
  onPointerEnter: () => void;
  onPointerLeave: () => void;
  onFocus: () => void;
  onBlur: (event: FocusEvent) => void;
}

/**
 * The rows, in the order in which they were when the pointer or the focus came into the table: new figures do not move
 * a row away from under the pointer. The new order comes when both have left. A new row is below the others until then.
 */
export function useSteadyOrder<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  choice: string,
): { rows: readonly Row[]; hold: HoldOrder } {
  const [inside, setInside] = useState({ pointer: false, focus: false });
  const [kept, setKept] = useState<Kept | null>(null);
  if (kept !== null && kept.choice !== choice) {
    setKept({ choice, keys: rows.map(keyOf) });
  }
  const places = kept?.choice === choice ? new Map(kept.keys.map((key, place) => [key, place])) : null;
  const shown = places === null ? rows : rows.toSorted((a, b) => placeOf(a) - placeOf(b));
  const move = (part: Partial<typeof inside>) => {
    const next = { ...inside, ...part };
    setInside(next);
    setKept((now) => (next.pointer || next.focus ? (now ?? { choice, keys: shown.map(keyOf) }) : null));
  };
  return {
    rows: shown,
    hold: {
      onPointerEnter: () => {
        move({ pointer: true });
      },
      onPointerLeave: () => {
        move({ pointer: false });
      },
      onFocus: () => {
        move({ focus: true });
      },
      onBlur: ({ currentTarget, relatedTarget }) => {
        move({ focus: currentTarget.contains(relatedTarget) });
      },
    },
  };

  function placeOf(row: Row): number {
    return places?.get(keyOf(row)) ?? rows.length;
  }
}
