/** The example responses of the API's document. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Example<Data> {
  success: true;
  data: Data;
  timestamp: string;
  meta: Record<string, unknown>;
}

/** The response of docs/examples/<operation id>.json. */
export function example<Data>(operation: string): Example<Data> {
  const file = path.resolve(import.meta.dirname, '../../docs/examples', `${operation}.json`);
  return JSON.parse(readFileSync(file, 'utf8')) as Example<Data>;
}

/** Throws for an empty list. */
export function first<Item>(items: readonly Item[]): Item {
  const [item] = items;
  if (item === undefined) {
    throw new Error('The list is empty');
  }
  return item;
}
