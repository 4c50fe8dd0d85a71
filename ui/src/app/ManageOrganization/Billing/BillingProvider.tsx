import { createContext, type ReactNode, useContext } from 'react';

import type { BillingApi } from './api/request';

export interface BillingSurroundings {
  api: BillingApi;
  /** Path of the page in the router, with a trailing slash: `/billing/`, `/manage-organization/billing/`. */
  basePath: string;
}

const BillingContext = createContext<BillingSurroundings | null>(null);

/** The inputs of the page: the user's session, the API's address, the page's path. */
export function BillingProvider({ children, ...surroundings }: BillingSurroundings & { children: ReactNode }) {
  return <BillingContext value={surroundings}>{children}</BillingContext>;
}

export function useBilling(): BillingSurroundings {
  const surroundings = useContext(BillingContext);
  if (surroundings === null) {
    throw new Error('The Billing page must be inside a BillingProvider');
  }
  return surroundings;
}
