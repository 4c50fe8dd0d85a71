/** The parameters of the address that belong to Explore. */
import { flag, list, oneOf, type Parameter } from '../../address';
import { filterOf } from './filters';

export const GRANULARITIES = ['hour', 'day', 'week', 'month'] as const;
export const GROUPINGS = ['project', 'component', 'sku', 'workload'] as const;

const LABEL_KEY = /^([a-z0-9][-.a-z0-9]{0,252}\/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;

export function isLabelKey(text: string): boolean {
  return LABEL_KEY.test(text);
}

/** Undefined: the default of the scope. */
const grouping: Parameter<string | undefined> = {
  byDefault: undefined,
  read: (text) => {
    const [kind, key] = text.split(/:(.*)/);
    const isKnown = GROUPINGS.some((one) => one === text) || (kind === 'label' && isLabelKey(key ?? ''));
    return isKnown ? text : undefined;
  },
  write: (value) => value ?? '',
};

const filters: Parameter<readonly string[]> = {
  ...list(),
  read: (text) => {
    const found = list().read(text) ?? [];
    return found.every((one) => filterOf(one) !== null) ? found : undefined;
  },
};

export const EXPLORE = {
  group_by: grouping,
  by: oneOf(GRANULARITIES, 'day'),
  compare: { ...flag(), byDefault: true },
  include: filters,
  exclude: filters,
};
