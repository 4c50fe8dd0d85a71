import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useState } from 'react';

import { useBilling } from '../BillingProvider';
import { useChangesOfOtherTabs } from '../queries/otherTabs';
import { connectLive } from './connection';
import { readUntil } from './readUntil';

/** `polling`: there is no WebSocket; every read is repeated each minute. */
export type LiveState = 'polling' | 'connected';

const LiveContext = createContext<LiveState>('polling');

/** Keeps a live connection while the tab is visible, and reads what another tab has changed. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const { api } = useBilling();
  const client = useQueryClient();
  const isVisible = useVisible();
  useChangesOfOtherTabs();
  const [state, setState] = useState<LiveState>('polling');
  useEffect(() => {
    if (!isVisible || api.hasLive !== true) {
      return undefined;
    }
    let stop: () => void = () => undefined;
    const read = (version: number | null, isChange: boolean) => {
      stop();
      stop = readUntil(client, { version, isChange });
    };
    const disconnect = connectLive({
      baseUrl: api.baseUrl,
      getToken: async () => (await api.session.getAccessToken()) ?? api.session.renewAccessToken(),
      onChange: (version) => {
        read(version, true);
      },
      onCurrent: (version) => {
        read(version, false);
      },
      onState: (isConnected) => {
        setState(isConnected ? 'connected' : 'polling');
      },
    });
    return () => {
      stop();
      disconnect();
    };
  }, [api, client, isVisible]);
  return <LiveContext value={state}>{children}</LiveContext>;
}

export function useLiveState(): LiveState {
  return use(LiveContext);
}

function useVisible(): boolean {
  const [isVisible, setIsVisible] = useState(() => document.visibilityState === 'visible');
  useEffect(() => {
    const set = () => {
      setIsVisible(document.visibilityState === 'visible');
    };
    document.addEventListener('visibilitychange', set);
    return () => {
      document.removeEventListener('visibilitychange', set);
    };
  }, []);
  return isVisible;
}
