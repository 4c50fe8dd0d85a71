/** Reads again what is on the screen, until it has the figures that the live connection announced. */
import type { Query, QueryClient } from '@tanstack/react-query';

import type { Fresh } from '../api/models';
import { billingKeys } from '../queries/keys';

/** A function can send the response of before for some seconds (`CACHE_FRESH_SECONDS`), also to another reader. */
const WAITS_SECONDS = [2, 4, 6, 8, 15, 25, 60];
/** A response without a version is read again until it can not be from before the announcement. */
const CACHE_MILLISECONDS = 11_000;

interface Announced {
  /** Null: it is not known. */
  version: number | null;
  /** False: it was current when the connection began, so only older versions are read again. */
  isChange: boolean;
}

/** Ends after two minutes, also if an older version is still on the screen. Returns the function that ends it before. */
export function readUntil(client: QueryClient, { version, isChange }: Announced): () => void {
  const since = Date.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isBehind = ({ state }: Query): boolean => {
    const fresh = state.data as Fresh<unknown> | undefined;
    const shown = fresh?.meta.data_version;
    return shown !== undefined && version !== null
      ? shown < version
      : isChange && fresh !== undefined && fresh.receivedAt < since + CACHE_MILLISECONDS;
  };
  const read = () =>
    void client.invalidateQueries({ queryKey: billingKeys.all, predicate: isBehind }, { cancelRefetch: false });
  const wait = (step: number) => {
    const seconds = WAITS_SECONDS[step];
    if (seconds !== undefined) {
      timer = setTimeout(() => {
        read();
        wait(step + 1);
      }, seconds * 1000);
    }
  };
  if (isChange) {
    void client.invalidateQueries({ queryKey: billingKeys.all });
  } else {
    read();
  }
  wait(0);
  return () => {
    clearTimeout(timer);
  };
}
