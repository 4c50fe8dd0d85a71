/** The wire's types, by their names in the API; generated from the OpenAPI document (`npm run generate`). */
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

/** An answer of the API with how fresh its numbers are. */
export interface Fresh<Data> {
  data: Data;
  /** The hour up to which the numbers are complete; null when the API does not say. */
  asOf: Date | null;
  /** Age of a stale answer (RFC 9111 `Age`); null when the answer is current. */
  staleSeconds: number | null;
}
