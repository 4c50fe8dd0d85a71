/** Any GET of the API: its path, query and data are those of the OpenAPI document. */
import { object } from '../checks';
import type { DataOf, Fresh, PathParametersOf, QueryOf, ReadPath } from '../models';
import { type BillingApi, get, getFile } from '../request';

export type ResourceRequest<Path extends ReadPath> = {
  query?: QueryOf<Path>;
} & (PathParametersOf<Path> extends undefined ? { in?: undefined } : { in: PathParametersOf<Path> });

/** "api/billing/project/acme-web/trend?granularity=day". The order of the query is the alphabet's. */
export function addressOf(path: string, request: { query?: unknown; in?: unknown }): string {
  const values = (request.in ?? {}) as Record<string, string>;
  const filled = path.slice(1).replace(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(values[name] ?? ''));
  const given = Object.entries((request.query ?? {}) as Record<string, unknown>).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  query.sort();
  return query.size === 0 ? filled : `${filled}?${query.toString()}`;
}

export function fetchResource<Path extends ReadPath>(
  api: BillingApi,
  address: string,
  signal: AbortSignal,
  previous?: Fresh<DataOf<Path>>,
): Promise<Fresh<DataOf<Path>>> {
  return get(api, address, (data) => object(data, 'data', {}) as DataOf<Path>, signal, previous);
}

/** The same request as a file. */
export function fetchCsv<Path extends ReadPath>(
  api: BillingApi,
  path: Path,
  request: ResourceRequest<Path>,
): Promise<{ file: Blob; name: string | null }> {
  return getFile(
    api,
    addressOf(path, { ...request, query: { ...(request.query as object | undefined), format: 'csv' } }),
  );
}
