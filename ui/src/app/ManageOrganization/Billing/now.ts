/** Ages and the API's clock. The browser's clock can be wrong, so only its differences are used. */
import { useEffect, useState } from 'react';

import type { Fresh } from './api/models';

const TICK_MILLISECONDS = 10_000;

/** The browser's clock. Renders again every 10 seconds, so that ages go on. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const tick = () => {
      setNow(Date.now());
    };
    const timer = setInterval(tick, TICK_MILLISECONDS);
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, []);
  return now;
}

/** Age of a response in seconds: what it had when it came, and the time since then. */
export function ageSeconds({ staleSeconds, receivedAt }: Fresh<unknown>, now: number): number {
  return (staleSeconds ?? 0) + Math.max(0, now - receivedAt) / 1000;
}

/** The API's time now. */
export function serverTime({ sentAt, receivedAt }: Fresh<unknown>, now: number): Date {
  return sentAt === null ? new Date(now) : new Date(sentAt.getTime() + Math.max(0, now - receivedAt));
}
