/** Query keys; everything the page asks is under `billing`, so that a console can drop it at logout. */
export const billingKeys = {
  projects: ['billing', 'projects'] as const,
  overview: (namespace: string) => ['billing', 'overview', namespace] as const,
};
