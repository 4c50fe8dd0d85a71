import type { Fresh } from '../api/models';

const VISIBLE_MILLISECONDS = 60_000;
const STALE_MILLISECONDS = 30_000;
/** With a live connection the messages start the reads. This only covers a message that was lost. */
const LIVE_MILLISECONDS = 600_000;

/** The wait until the next read. TanStack Query pauses it while the tab is hidden. */
export function refetchInterval(fresh: Fresh<unknown> | undefined, isLive: boolean): number {
  if (fresh !== undefined && fresh.staleSeconds !== null) {
    return STALE_MILLISECONDS;
  }
  return isLive ? LIVE_MILLISECONDS : VISIBLE_MILLISECONDS;
}
