import type { UseQueryResult } from '@tanstack/react-query';

import type { DataOf, Fresh } from '../../api/models';
import { useResource } from '../../queries/useResource';

export const STATEMENT = '/api/billing/organization/statement';
export type Statement = DataOf<typeof STATEMENT>;
export type Months = DataOf<'/api/billing/organization/statements'>;
export type Month = Months['months'][number];

export function useMonths(): UseQueryResult<Fresh<Months>> {
  return useResource('/api/billing/organization/statements', {});
}

export function useStatement(period: string): UseQueryResult<Fresh<Statement>> {
  return useResource(STATEMENT, { query: { period } });
}
