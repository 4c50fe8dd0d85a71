import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';

/** True while the browser prints: a printed list has all rows. */
export function usePrinting(): boolean {
  const [isPrinting, setIsPrinting] = useState(false);
  useEffect(() => {
    const set = (value: boolean) => () => {
      flushSync(() => {
        setIsPrinting(value); // the browser takes the picture when the handler returns
      });
    };
    const [begin, end] = [set(true), set(false)];
    window.addEventListener('beforeprint', begin);
    window.addEventListener('afterprint', end);
    return () => {
      window.removeEventListener('beforeprint', begin);
      window.removeEventListener('afterprint', end);
    };
  }, []);
  return isPrinting;
}
