/** The form of a quote and the body that it makes. */
import type { Schemas } from '../../../api/models';

export type Kind = Schemas['PlannedResource']['kind'];

export const KINDS: readonly Kind[] = [
  'VirtualMachine',
  'Deployment',
  'StatefulSet',
  'Pod',
  'PersistentVolumeClaim',
  'Volume',
  'LoadBalancer',
  'PublicIP',
];
export const MOST_RESOURCES = 100;

/** What the user typed. An empty text is left out of the body. */
export interface ResourceDraft {
  kind: Kind;
  name: string;
  cpu: string;
  memory: string;
  size: string;
  storageClass: string;
  publicIps: string;
  egress: string;
  hours: string;
  count: string;
}

export const NEW_RESOURCE: ResourceDraft = {
  kind: 'VirtualMachine',
  name: '',
  cpu: '',
  memory: '',
  size: '',
  storageClass: '',
  publicIps: '',
  egress: '',
  hours: '730',
  count: '1',
};

const RUNNING: readonly Kind[] = ['VirtualMachine', 'Deployment', 'StatefulSet', 'Pod'];
const VOLUMES: readonly Kind[] = ['PersistentVolumeClaim', 'Volume'];

/** The members that a kind has. */
export function membersOf(kind: Kind) {
  const runs = RUNNING.includes(kind);
  const isVolume = VOLUMES.includes(kind);
  return {
    runs,
    hasStorage: runs || isVolume,
    needsStorage: isVolume,
    hasAddresses: !isVolume,
    hasEgress: runs || kind === 'LoadBalancer',
  };
}

export function bodyOf(resources: readonly ResourceDraft[]): { resources: object[] } {
  return { resources: resources.map(resourceOf) };
}

function resourceOf(draft: ResourceDraft): object {
  const { runs, hasStorage, hasAddresses, hasEgress } = membersOf(draft.kind);
  const storage = hasStorage && (draft.size !== '' || draft.storageClass !== '');
  return {
    kind: draft.kind,
    ...given('name', draft.name),
    ...(runs && { ...given('cpu', draft.cpu), ...given('memory', draft.memory) }),
    ...(storage && { storage: { ...given('class', draft.storageClass), ...given('size', draft.size) } }),
    ...(hasAddresses && given('public_ips', numberOf(draft.publicIps))),
    ...(hasEgress && given('egress', draft.egress)),
    ...given('hours_per_month', numberOf(draft.hours)),
    ...given('count', numberOf(draft.count)),
  };
}

function given(name: string, value: string | number): object {
  const sent = typeof value === 'string' ? value.trim() : value;
  return sent === '' ? {} : { [name]: sent };
}

/** A text that is not a whole number is sent as it is: the error of the API names what is allowed. */
export function numberOf(text: string): string | number {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : text;
}
