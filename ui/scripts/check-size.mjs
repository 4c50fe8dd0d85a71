// Fails if what the browser loads before the first figure exceeds its limit: scripts, stylesheets and fonts, gzipped.
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BEFORE_THE_LOGIN_FORM = 30;
const BEFORE_THE_FIRST_FIGURE = 300;
const EXPLORE = 90;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

/** The files of a chunk and of its static imports. Dynamic imports are not included. */
function filesOf(names) {
  const seen = new Set();
  const files = new Set();
  const add = (name) => {
    if (!seen.has(name)) {
      seen.add(name);
      const chunk = manifest[name];
      [chunk.file, ...(chunk.css ?? []), ...fontsOf(chunk)].forEach((file) => files.add(file));
      (chunk.imports ?? []).forEach(add);
    }
  };
  names.forEach(add);
  return files;
}

/** Fonts of the stylesheets that are in the build: scripts/purge-css.mjs removes those that no style loads. */
function fontsOf({ assets = [] }) {
  return assets.filter((file) => file.endsWith('.woff2') && existsSync(new URL(file, dist)));
}

/** A font is compressed already. */
const kilobytes = (file) => {
  const content = readFileSync(new URL(file, dist));
  return (file.endsWith('.woff2') ? content.length : gzipSync(content).length) / 1000;
};
const total = (files) => [...files].reduce((sum, file) => sum + kilobytes(file), 0);
const named = (part) => Object.keys(manifest).find((name) => name.includes(part));
const page = Object.keys(manifest).find((name) => /^_page-.*\.js$/.test(name));

const entry = Object.keys(manifest).find((name) => manifest[name].isEntry);
const texts = Object.keys(manifest).find((name) => /i18n\/en\/index\.ts$|^_en-.*\.js$/.test(name));
const initial = filesOf([entry, page, texts]);
const late = filesOf([named('explore/ExplorePage'), named('charts/StackedBars')]);
const explore = new Set([...late].filter((file) => !initial.has(file)));
for (const { file } of Object.values(manifest)) {
  if (/\.(js|css)$/.test(file)) {
    const kind = initial.has(file) ? 'initial' : 'later  ';
    console.log(`${kind}  ${kilobytes(file).toFixed(1).padStart(6)} kB gzip  ${file}`);
  }
}
const checks = [
  ['before the login form', total(filesOf([entry])), BEFORE_THE_LOGIN_FORM],
  ['before the first figure: scripts, stylesheets, fonts', total(initial), BEFORE_THE_FIRST_FIGURE],
  ['  of these: stylesheets', total([...initial].filter((file) => file.endsWith('.css'))), BEFORE_THE_FIRST_FIGURE],
  ['  of these: fonts', total([...initial].filter((file) => file.endsWith('.woff2'))), BEFORE_THE_FIRST_FIGURE],
  ['Explore with its chart, without what is loaded before it', total(explore), EXPLORE],
];
for (const [name, size, limit] of checks) {
  console.log(`${name}: ${size.toFixed(1)} kB gzip of ${limit} kB`);
}
process.exitCode = checks.some(([, size, limit]) => size > limit) ? 1 : 0;
