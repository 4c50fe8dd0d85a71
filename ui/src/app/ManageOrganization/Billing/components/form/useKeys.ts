import { useCallback, useRef } from 'react';

/**
 * An Idempotency-Key for each different request: the same one sent again after a timeout makes one change, and a body
 * that was mended is another request.
 */
export function useKeys(): (request: unknown) => string {
  const keys = useRef(new Map<string, string>());
  return useCallback((request: unknown) => {
    const text = JSON.stringify(request);
    const key = keys.current.get(text) ?? crypto.randomUUID();
    keys.current.set(text, key);
    return key;
  }, []);
}
