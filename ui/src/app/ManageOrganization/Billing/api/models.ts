/** The types of the API with their names in the API. Generated from the OpenAPI document (`npm run generate`). */
import type { paths } from './schema';

type Answer<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { 'application/json': infer Body } } } };
}
  ? Body
  : never;

export type ProjectListAnswer = Answer<'/api/billing/projects'>;
export type OverviewAnswer = Answer<'/api/billing/project/{namespace}/overview'>;

/** The page shows the running month. Its amounts are known, once anything was metered. */
type Known<Data, Names extends keyof Data> = Omit<Data, Names> & { [Name in Names]: NonNullable<Data[Name]> };
type With<Data, Changed> = Omit<Data, keyof Changed> & Changed;

type OverviewData = OverviewAnswer['data'];
type ListData = ProjectListAnswer['data'];

export type BillingSummary = Known<
  OverviewData['billing_summary'],
  'current_month_total' | 'last_day_spend' | 'total_cost_per_hour'
>;
export type ComputeInstances = Known<OverviewData['compute_instances'], 'cost_per_hour'>;
export type CostBreakdown = OverviewData['cost_breakdown'];
export type Overview = With<OverviewData, { billing_summary: BillingSummary; compute_instances: ComputeInstances }>;
export type Project = With<ListData['projects'][number], { billing_summary: BillingSummary | null }>;
export type CurrencyTotal = Known<ListData['totals'][number], 'last_day_spend' | 'total_cost_per_hour'>;
export type ProjectList = With<ListData, { projects: Project[]; totals: CurrencyTotal[] }>;

/** A response of the API, with the time of its figures. */
export interface Fresh<Data> {
  data: Data;
  /** The hour up to which the figures are complete. Null if the API does not send it. */
  asOf: Date | null;
  /** Age of a stale response (RFC 9111 `Age`). Null if the response is current. */
  staleSeconds: number | null;
}
