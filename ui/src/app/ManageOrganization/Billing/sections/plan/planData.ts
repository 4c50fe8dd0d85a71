import type { TFunction } from 'i18next';

import type { DataOf, Schemas } from '../../api/models';

export const PLAN = '/api/billing/organization/plan';
export type Plan = DataOf<typeof PLAN>;
export type Dimension = Schemas['QuotaDimension'];
export type DimensionName = Dimension['dimension'];

const NAMES: readonly string[] = [
  'cpu',
  'memory',
  'storage',
  'pods',
  'public_ipv4',
  'object_storage',
  'gpu',
] satisfies DimensionName[];

/** A dimension that the page does not have keeps the API's name. */
export function dimensionTitle(t: TFunction<'plan'>, name: string, profile: string | null = null): string {
  if (profile !== null) {
    return t('gpuOf', { profile });
  }
  return NAMES.includes(name) ? t(name as DimensionName) : name;
}

/** Whether anything is known of it: a plan without GPUs has no row for them. */
export function isKnown({ limit, requested, used }: Dimension): boolean {
  return limit !== null || requested !== null || used !== null;
}

export function keyOf({ dimension, profile }: Dimension): string {
  return `${dimension}/${profile ?? ''}`;
}
