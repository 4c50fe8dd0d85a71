import { createContext, type ReactNode, use } from 'react';

/** `polling`: there is no WebSocket; every read is repeated each minute. */
export type LiveState = 'polling' | 'connected';

const LiveContext = createContext<LiveState>('polling');

export function LiveProvider({ children }: { children: ReactNode }) {
  return <LiveContext value="polling">{children}</LiveContext>;
}

export function useLiveState(): LiveState {
  return use(LiveContext);
}
