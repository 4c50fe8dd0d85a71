/** The types of the API with their names in the API. Generated from the OpenAPI document (`npm run generate`). */
import type { paths } from './schema';

type Answer<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { 'application/json': infer Body } } } };
}
  ? Body
  : never;

export type ProjectListAnswer = Answer<'/api/billing/projects'>;
export type OverviewAnswer = Answer<'/api/billing/project/{namespace}/overview'>;

export type ProjectList = ProjectListAnswer['data'];
export type Project = ProjectList['projects'][number];
export type CurrencyTotal = ProjectList['totals'][number];
export type Overview = OverviewAnswer['data'];
export type BillingSummary = Overview['billing_summary'];
export type CostBreakdown = Overview['cost_breakdown'];
export type ComputeInstances = Overview['compute_instances'];

/** A response of the API, with the time of its figures. */
export interface Fresh<Data> {
  data: Data;
  /** The hour up to which the figures are complete. Null if the API does not send it. */
  asOf: Date | null;
  /** Age of a stale response (RFC 9111 `Age`). Null if the response is current. */
  staleSeconds: number | null;
}
