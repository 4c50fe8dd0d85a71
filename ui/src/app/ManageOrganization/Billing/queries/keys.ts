/** Query keys. All keys start with `billing`, so that a console can remove the data at logout. */
export const billingKeys = {
  all: ['billing'] as const,
  projects: (period?: string) => ['billing', 'projects', period ?? 'running'] as const,
  overview: (namespace: string, period?: string) => ['billing', 'overview', period ?? 'running', namespace] as const,
  /** By the address of the request. */
  resource: (address: string) => ['billing', 'resource', address] as const,
};
