/** A change that is made in one tab is read in the others at once, and not only at their next regular read. */
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

const NAME = 'billing.changes';
/** A channel also delivers to the tab that sent, if it has another channel of this name. */
const TAB = String(Math.random());

interface Change {
  tab: string;
  changed: string;
}

/** Reads again what begins with the address `changed`, in this tab and in the others. */
export function readAgain(client: QueryClient, changed: string): void {
  invalidate(client, changed);
  const channel = openChannel();
  channel?.postMessage({ tab: TAB, changed } satisfies Change);
  channel?.close();
}

export function useChangesOfOtherTabs(): void {
  const client = useQueryClient();
  useEffect(() => {
    const channel = openChannel();
    if (channel === null) {
      return undefined;
    }
    channel.onmessage = ({ data }: MessageEvent<Change>) => {
      if (data.tab !== TAB) {
        invalidate(client, data.changed);
      }
    };
    return () => {
      channel.close();
    };
  }, [client]);
}

/** Null: the browser has none, or refuses it. The other tabs then read at their next regular time. */
function openChannel(): BroadcastChannel | null {
  try {
    return new BroadcastChannel(NAME);
  } catch {
    return null;
  }
}

function invalidate(client: QueryClient, changed: string): void {
  void client.invalidateQueries({
    predicate: ({ queryKey }) => queryKey.some((part) => typeof part === 'string' && part.startsWith(changed)),
  });
}
