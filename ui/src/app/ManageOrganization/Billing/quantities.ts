/** Quantities with their unit in the user's language. A unit that the page does not have is shown as the API sends it. */
import { formatQuantity } from './figures';
import { i18n } from './i18n';

const KEYS = {
  core: 'unitCore',
  pod: 'unitPod',
  address: 'unitAddress',
  share: 'unitShare',
  'core hour': 'unitCoreHour',
  'GiB hour': 'unitGibHour',
  'address hour': 'unitAddressHour',
  'load balancer hour': 'unitBalancerHour',
  'GPU hour': 'unitGpuHour',
} as const;

/** "2.5 cores", "24 GiB". `text` is the quantity in words, if it has more digits. */
export function withUnit(quantity: number, unit: string, text = formatQuantity(quantity)): string {
  return unit in KEYS
    ? i18n.t(KEYS[unit as keyof typeof KEYS], { ns: 'plan', count: quantity, quantity: text })
    : `${text} ${unit}`;
}

const NAMES = { core: 'unitNameCore', pod: 'unitNamePod', address: 'unitNameAddress', share: 'unitNameShare' } as const;

/** "cores", "GiB" */
export function unitName(unit: string): string {
  return unit in NAMES ? i18n.t(NAMES[unit as keyof typeof NAMES], { ns: 'plan' }) : unit;
}
