/** Reads pasted manifests. Documents of a kind without a price are named, and not sent. */
import type { Schemas } from '../../../api/models';

const PRICED: readonly string[] = [
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'Pod',
  'PersistentVolumeClaim',
  'VirtualMachine',
] satisfies Schemas['Manifest']['kind'][];

export interface Manifests {
  /** `name`: "Deployment web", for messages. */
  priced: { name: string; manifest: object }[];
  notPriced: string[];
}

export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

/** Throws ManifestError with the line of the first mistake. JSON is YAML, too. */
export async function readManifests(text: string): Promise<Manifests> {
  const { parseAllDocuments } = await import('yaml'); // 30 kB that only this form needs
  const documents = parseAllDocuments(text, { prettyErrors: false, maxAliasCount: 100 } as object);
  const found: Manifests = { priced: [], notPriced: [] };
  for (const document of Array.isArray(documents) ? documents : []) {
    const [mistake] = document.errors;
    if (mistake !== undefined) {
      throw new ManifestError(lineAt(text, mistake.pos[0]), mistake.message);
    }
    itemsOf(document.toJS({ maxAliasCount: 100 })).forEach((item) => {
      add(found, item);
    });
  }
  return found;
}

/** A `List` of kubectl has the manifests in `items`. */
function itemsOf(value: unknown): unknown[] {
  const { kind, items } = (value ?? {}) as { kind?: unknown; items?: unknown };
  if (value === null || value === undefined) {
    return []; // an empty document, such as before the first ---
  }
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) ? items : [value];
}

function add(found: Manifests, value: unknown): void {
  const { kind, metadata } = (value ?? {}) as { kind?: unknown; metadata?: { name?: unknown } };
  const shownKind = typeof kind === 'string' ? kind : typeof value;
  const name = typeof metadata?.name === 'string' ? `${shownKind} ${metadata.name}` : shownKind;
  if (typeof value === 'object' && value !== null && PRICED.includes(shownKind)) {
    found.priced.push({ name, manifest: value });
  } else {
    found.notPriced.push(name);
  }
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}
