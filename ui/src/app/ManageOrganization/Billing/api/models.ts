/** The types of the API with their names in the API. Generated from the OpenAPI document (`npm run generate`). */
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Meta = Schemas['Meta'];

interface Readable {
  get: { responses: { 200: { content: { 'application/json': { data: unknown } } } } };
}
/** The paths of the API that can be read. */
export type ReadPath = { [Path in keyof paths]: paths[Path] extends Readable ? Path : never }[keyof paths];
/** `data` of the response. */
export type DataOf<Path extends ReadPath> = paths[Path] extends {
  get: { responses: { 200: { content: { 'application/json': { data: infer Data } } } } };
}
  ? Data
  : never;
type ParametersOf<Path extends ReadPath> = paths[Path] extends { get: { parameters: infer Parameters } }
  ? Parameters
  : never;
export type QueryOf<Path extends ReadPath> =
  ParametersOf<Path> extends { query?: infer Query } ? Exclude<Query, undefined> : never;
export type PathParametersOf<Path extends ReadPath> =
  ParametersOf<Path> extends { path: infer InPath } ? InPath : undefined;

/** The page shows the running month. Its amounts are known, once anything was metered. */
type Known<Data, Names extends keyof Data> = Omit<Data, Names> & { [Name in Names]: NonNullable<Data[Name]> };
type With<Data, Changed> = Omit<Data, keyof Changed> & Changed;

type OverviewData = DataOf<'/api/billing/project/{namespace}/overview'>;
type ListData = DataOf<'/api/billing/projects'>;

export type BillingSummary = Known<OverviewData['billing_summary'], 'current_month_total'>;
export type ComputeInstances = OverviewData['compute_instances'];
export type CostBreakdown = OverviewData['cost_breakdown'];
export type Overview = With<OverviewData, { billing_summary: BillingSummary }>;
export type Project = With<ListData['projects'][number], { billing_summary: BillingSummary | null }>;
export type CurrencyTotal = ListData['totals'][number];
export type ProjectList = With<ListData, { projects: Project[] }>;
export type Trend = DataOf<'/api/billing/organization/trend'> | DataOf<'/api/billing/project/{namespace}/trend'>;
export type TrendBucket = Trend['buckets'][number];
export type Forecast =
  DataOf<'/api/billing/organization/forecast'> | DataOf<'/api/billing/project/{namespace}/forecast'>;

/** A response of the API, with the time of its figures. */
export interface Fresh<Data> {
  data: Data;
  meta: Meta;
  /** Of the response, for If-None-Match and If-Match. Null if the API sends none. */
  etag: string | null;
  /** The hour up to which the figures are complete. Null if the API does not send it. */
  asOf: Date | null;
  /** Age of a stale response when it came (RFC 9111 `Age`). Null if the response is current. */
  staleSeconds: number | null;
  /** When the browser got it, by the browser's clock: only for differences. */
  receivedAt: number;
  /** The API's clock when it sent it. The browser's may be wrong. Null if the API does not send it. */
  sentAt: Date | null;
}
