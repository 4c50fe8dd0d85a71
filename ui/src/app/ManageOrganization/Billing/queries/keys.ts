/** Query keys. All keys start with `billing`, so that a console can remove the data at logout. */
export const billingKeys = {
  projects: ['billing', 'projects'] as const,
  overview: (namespace: string) => ['billing', 'overview', namespace] as const,
};
