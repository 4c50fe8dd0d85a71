/** Example responses of the API, for tests with fixed responses. */
import type { BillingSummary, Overview, Project, ProjectList } from '../src/app/ManageOrganization/Billing/api/models';

export const AS_OF = '2025-09-29T15:00:00.000Z';

export function summary(part: Partial<BillingSummary> = {}): BillingSummary {
  return {
    current_month_total: 1672.31,
    last_day_spend: 55.68,
    billing_period: '2025-09',
    total_cost_per_hour: 2.3211,
    currency: 'EUR',
    almost_nothing: false,
    ...part,
  };
}

export function project(namespace: string, part: Partial<BillingSummary> = {}): Project {
  return { namespace, billing_summary: summary(part), error: null, code: null };
}

export function unpricedProject(namespace: string): Project {
  return { namespace, billing_summary: null, error: 'Billing data incomplete', code: 'unpriced' };
}

export function newProject(namespace: string): Project {
  return { namespace, billing_summary: null, error: 'Billing has not started', code: 'not_started' };
}

/** The test gives the totals, as the API does. The code under test does not sum them. */
export function projectList(
  projects: Project[],
  totals: ProjectList['totals'],
  shares: ProjectList['shares'] = projects.map(() => null),
): ProjectList {
  return {
    organization: 'acme',
    projects,
    total: projects.length,
    totals,
    shares,
    unpriced: projects.filter((one) => one.billing_summary === null).length,
    billing_started: true,
    scope: { organization: 'acme', namespaces: null },
  };
}

export const acme = projectList(
  [
    project('acme-web'),
    project('acme-data', { current_month_total: 640.5, last_day_spend: 20.1, total_cost_per_hour: 0.8375 }),
    project('acme-ci', { current_month_total: 87.19, last_day_spend: 6.4, total_cost_per_hour: 0.2667 }),
    project('acme-sandbox', { current_month_total: 0, last_day_spend: 0, total_cost_per_hour: 0 }),
  ],
  [{ currency: 'EUR', current_month_total: 2400, last_day_spend: 82.18, total_cost_per_hour: 3.4253 }],
  [0.697, 0.267, 0.036, 0],
);

export function overview(part: Partial<Overview> = {}): Overview {
  return {
    namespace: 'acme-web',
    billing_summary: summary(),
    compute_instances: { running_pods: 10, running_vms: 1, cpu_cores: 2.4, memory_gib: 8.8, cost_per_hour: 0.15 },
    cost_breakdown: {
      cpu_cost: 989.45,
      memory_cost: 445.23,
      storage_cost: 212.63,
      network_cost: 0,
      public_ip_cost: 25,
    },
    cost_shares: { cpu_cost: 0.592, memory_cost: 0.266, storage_cost: 0.127, network_cost: 0, public_ip_cost: 0.015 },
    ...part,
  };
}

export const META = {
  as_of: AS_OF,
  complete_through: AS_OF,
  incomplete_hours: 0,
  data_version: 7,
  currency: 'EUR',
  currency_digits: 2,
  time_zone: 'UTC',
  stale: false,
};

export function success(data: unknown, meta: Partial<typeof META> | { as_of: null } = {}) {
  return { success: true, data, timestamp: '2025-09-29T15:20:00.000Z', meta: { ...META, ...meta } };
}

/** The API's codes of its texts (docs/openapi.yaml). */
const CODES: Record<string, string> = {
  'Access denied to namespace': 'namespace_denied',
  'Authentication token expired': 'token_expired',
  'Billing access denied': 'guest',
  'Billing data incomplete': 'unpriced',
  'Billing service unreachable': 'billing_unreachable',
  'Identity provider unreachable': 'identity_unreachable',
  'Internal server error': 'internal_error',
  'Not offered by this installation': 'not_offered',
};

export function failure(error: string, details: Record<string, unknown> = {}) {
  return { success: false, error, ...(error in CODES && { code: CODES[error] }), details, timestamp: AS_OF };
}

/** Of a project without any metered hour: unknown, and not 0. */
export function neverMetered() {
  const unknown = { current_month_total: null, last_day_spend: null, total_cost_per_hour: null };
  const { billing_summary, compute_instances, ...rest } = overview();
  return {
    ...rest,
    billing_summary: { ...billing_summary, ...unknown },
    compute_instances: { ...compute_instances, cost_per_hour: null },
  };
}
