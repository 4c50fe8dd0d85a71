// Fails if the JavaScript for the first paint of the page, gzipped, exceeds its limit.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET_KILOBYTES = 250;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

/** The chunk and its static imports. Dynamic imports are not included. */
function initialChunks(name, seen = new Set()) {
  if (!seen.has(name)) {
    seen.add(name);
    (manifest[name].imports ?? []).forEach((imported) => initialChunks(imported, seen));
  }
  return seen;
}

const kilobytes = (file) => gzipSync(readFileSync(new URL(file, dist))).length / 1000;
const entry = Object.keys(manifest).find((name) => manifest[name].isEntry);
const initial = initialChunks(entry);
const total = [...initial].reduce((sum, name) => sum + kilobytes(manifest[name].file), 0);
for (const [name, { file }] of Object.entries(manifest).filter(([, chunk]) => chunk.file.endsWith('.js'))) {
  console.log(
    `${initial.has(name) ? 'initial' : 'later  '}  ${kilobytes(file).toFixed(1).padStart(6)} kB gzip  ${file}`,
  );
}
console.log(`initial JavaScript: ${total.toFixed(1)} kB gzip of ${BUDGET_KILOBYTES} kB`);
process.exitCode = total > BUDGET_KILOBYTES ? 1 : 0;
