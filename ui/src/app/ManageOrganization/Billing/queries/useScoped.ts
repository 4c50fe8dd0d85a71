import type { UseQueryResult } from '@tanstack/react-query';

import type { Scope } from '../address';
import type { Forecast, Fresh, QueryOf, Trend } from '../api/models';
import { type Check, get } from '../api/request';
import { addressOf } from '../api/rest/resource';
import { checkForecast, checkTrend } from '../api/rest/scoped';
import { billingKeys } from './keys';
import { useFresh } from './useFresh';

interface Resources {
  trend: Trend;
  forecast: Forecast;
}
interface Queries {
  trend: QueryOf<'/api/billing/organization/trend'>;
  forecast: QueryOf<'/api/billing/organization/forecast'>;
}

const CHECKS: { [Name in keyof Resources]: Check<Resources[Name]> } = { trend: checkTrend, forecast: checkForecast };

/** A resource that an organization and a project have. */
export function useScoped<Name extends keyof Resources>(
  name: Name,
  scope: Scope,
  query: Queries[Name],
  options: { enabled?: boolean; keepsFigures?: boolean } = {},
): UseQueryResult<Fresh<Resources[Name]>> {
  const address = scopedAddress(name, scope, query);
  return useFresh<Resources[Name]>({
    queryKey: billingKeys.resource(address),
    fetch: (api, signal, previous) => get<Resources[Name]>(api, address, CHECKS[name], signal, previous),
    ...options,
  });
}

/** "api/billing/project/acme-web/trend?granularity=day" */
export function scopedAddress(name: string, scope: Scope, query: object): string {
  return scope.kind === 'organization'
    ? addressOf(`/api/billing/organization/${name}`, { query })
    : addressOf(`/api/billing/project/{namespace}/${name}`, { query, in: { namespace: scope.namespace } });
}
