// Files of the build as Brotli, for the page's server: a tenth smaller than gzip, and too slow to make at its start.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';

export function brotli() {
  return {
    name: 'brotli',
    apply: 'build',
    /** Only the written files are final: Vite changes them after the last `generateBundle` of a plugin. */
    writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle).filter((file) => /\.(js|css|svg)$/.test(file))) {
        const path = join(dir, name);
        writeFileSync(`${path}.br`, brotliCompressSync(readFileSync(path)));
      }
    },
  };
}
