import { createContext, type ReactNode, use, useEffect, useState } from 'react';

import type { Meta } from '../api/models';

type Shown = Pick<Meta, 'incomplete_hours'>;
type SetShown = (shown: Shown | null) => void;

const ShownContext = createContext<Shown | null>(null);
const SetShownContext = createContext<SetShown>(() => undefined);

/** What the figures of a section lack: the bar names it, whose own response can be of another period. */
export function ShownQualityProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<Shown | null>(null);
  return (
    <SetShownContext value={setShown}>
      <ShownContext value={shown}>{children}</ShownContext>
    </SetShownContext>
  );
}

/** Null: the section states nothing. */
export function useShownQuality(): Shown | null {
  return use(ShownContext);
}

/** For a section: the response of its period. Undefined: it is loading. */
export function useShowQuality(meta: Meta | undefined): void {
  const set = use(SetShownContext);
  const missing = meta?.incomplete_hours;
  useEffect(() => {
    set(missing === undefined ? null : { incomplete_hours: missing });
    return () => {
      set(null);
    };
  }, [set, missing]);
}
