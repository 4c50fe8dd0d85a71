import type { TFunction } from 'i18next';

import { i18n } from '../../i18n';
import type { GroupRow } from './groups';

const COMPONENTS = ['cpu', 'memory', 'storage', 'network', 'public_ip', 'gpu'] as const;

/** The shown name of a row. `hasProject`: workloads of several projects have their project before them. */
export function rowName(t: TFunction<'explore'>, row: GroupRow, groupBy: string, hasProject: boolean): string {
  if (row.kind === 'rest') {
    return t('rest', { count: row.count });
  }
  if (row.kind === 'rounding') {
    return t('rounding');
  }
  if (row.name === null) {
    return t('noLabel');
  }
  if (groupBy === 'component') {
    return componentName(row.name);
  }
  if (groupBy === 'workload') {
    const workload = row.name === '-' ? t('noWorkload') : row.name;
    return hasProject && row.namespace !== null ? `${row.namespace} ${workload}` : workload;
  }
  return row.name === '' ? t('emptyLabel') : row.name;
}

export function componentName(name: string): string {
  const known = COMPONENTS.find((one) => one === name);
  return known === undefined ? (name === 'other' ? i18n.t('otherComponent') : name) : i18n.t(known);
}

/** The shown names of all components. */
export function componentNames(): string[] {
  return COMPONENTS.map((name) => componentName(name));
}

/** The component of the API for a shown name, in any case of the letters. A name of the API stays. */
export function componentOf(text: string): string {
  const wanted = text.toLowerCase();
  return COMPONENTS.find((name) => name === wanted || componentName(name).toLowerCase() === wanted) ?? text;
}
