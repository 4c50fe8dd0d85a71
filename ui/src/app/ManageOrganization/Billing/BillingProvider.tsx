import { createContext, type ReactNode, useContext } from 'react';

import type { BillingApi } from './api/request';

export interface BillingSurroundings {
  api: BillingApi;
  /** Path of the page with a trailing slash, as the router sees it: `/billing/`, `/manage-organization/billing/`. */
  basePath: string;
}

const BillingContext = createContext<BillingSurroundings | null>(null);

/** What the page takes from where it is mounted: the person's session, the API's address, its own path. */
export function BillingProvider({ children, ...surroundings }: BillingSurroundings & { children: ReactNode }) {
  return <BillingContext value={surroundings}>{children}</BillingContext>;
}

export function useBilling(): BillingSurroundings {
  const surroundings = useContext(BillingContext);
  if (surroundings === null) {
    throw new Error('The Billing page needs a BillingProvider around it');
  }
  return surroundings;
}
