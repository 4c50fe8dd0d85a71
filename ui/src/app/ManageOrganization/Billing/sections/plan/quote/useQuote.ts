import type { Fresh, Schemas } from '../../../api/models';
import { change } from '../../../api/request';
import { useChange } from '../../../queries/useChange';

export type Quote = Schemas['Quote'];

/** Requests a quote. Nothing is stored, so it can be sent again. */
export function useQuote() {
  return useChange<object, Fresh<Quote>>(async (api, body) => {
    const fresh = await change<Quote>(api, 'api/billing/quote', { method: 'POST', body });
    if (fresh === null) {
      throw new TypeError('The response has no quote');
    }
    return fresh;
  }, null);
}
