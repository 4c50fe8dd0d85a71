import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { ApiError } from '../api/errors';
import type { BillingApi } from '../api/request';
import { useBilling } from '../BillingProvider';
import { readAgain } from './otherTabs';

/**
 * One change. It is never sent again without the user. Afterwards every read whose address begins with `changed` is
 * read again.
 */
export function useChange<Input, Result>(
  send: (api: BillingApi, input: Input) => Promise<Result>,
  changed: string | null,
) {
  const { api } = useBilling();
  const client = useQueryClient();
  return useMutation<Result, ApiError, Input>({
    mutationFn: (input) => send(api, input),
    networkMode: 'always', // offline is an error at once, and not a change that is sent later
    onSuccess: () => {
      if (changed !== null) {
        readAgain(client, changed);
      }
    },
  });
}
