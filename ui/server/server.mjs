// Serves the built page under /billing/ in a container. It writes nothing and needs only Node.js.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';

const BASE = '/billing/';
const SETTINGS = ['backendURL', 'frontendURL', 'keycloakURL'];
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const COMPRESSED = new Set(['.css', '.html', '.js', '.svg']);
const ENV_TAG = /<script\s+src="\/billing\/env\.js"><\/script>/;
const FOREVER = 'public, max-age=31536000, immutable';

/** The addresses that env.js sets on window. Throws an Error that names each missing or invalid one. */
export function settingsOf(script) {
  const window = {};
  runInContext(script, createContext({ window }), { timeout: 1000 });
  const wrong = SETTINGS.filter(
    (name) => !URL.canParse(window[name]) || !/^https?:$/.test(new URL(window[name]).protocol),
  );
  if (wrong.length > 0) {
    throw new Error(
      `env.js must set ${wrong.map((name) => `window.${name}`).join(', ')} to an http:// or https:// address`,
    );
  }
  return Object.fromEntries(SETTINGS.map((name) => [name, new URL(window[name])]));
}

/** The settings as a script in the page: reading env.js would be a round trip before the login and the figures. */
function scriptOf(settings) {
  const script = `Object.assign(window, ${JSON.stringify(settings)});`;
  return { script, hash: createHash('sha256').update(script).digest('base64') };
}

/** Allows only the page, the script with its settings, and the two origins that it calls. */
function contentSecurityPolicy({ backendURL, keycloakURL }, hash) {
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self' 'unsafe-inline'", // PatternFly's charts and popovers set style attributes
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src ${[...new Set([backendURL.origin, socketOrigin(backendURL), keycloakURL.origin])].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Of the live connection: wss: for https:. */
function socketOrigin(url) {
  return url.origin.replace(/^http/, 'ws');
}

/** All files of the build by path, read once. A path that is not in this map does not exist. */
function filesOf(dist) {
  const files = new Map();
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const path = relative(dist, join(entry.parentPath ?? entry.path, entry.name))
      .split(sep)
      .join('/');
    const type = TYPES[extname(path)];
    if (entry.isFile() && type !== undefined) {
      const body = readFileSync(join(dist, path));
      const brotli = join(dist, `${path}.br`); // of the build: it takes seconds
      files.set(path, {
        type,
        body,
        br: existsSync(brotli) ? readFileSync(brotli) : null,
        gzip: COMPRESSED.has(extname(path)) ? gzipSync(body) : null,
        // Only files that Vite named by their content may be cached without revalidation.
        cache: path.startsWith('assets/') ? FOREVER : 'no-cache',
      });
    }
  }
  return files;
}

export function createPageServer(dist, script) {
  const files = filesOf(dist);
  const index = files.get('index.html');
  if (index === undefined) {
    throw new Error(`${dist} has no index.html: build the page first`);
  }
  files.set('env.js', { type: TYPES['.js'], body: Buffer.from(script), br: null, gzip: null, cache: 'no-cache' });
  const settings = settingsOf(script);
  const inline = scriptOf(settings);
  const body = Buffer.from(index.body.toString().replace(ENV_TAG, () => `<script>${inline.script}</script>`));
  Object.assign(index, { body, gzip: gzipSync(body), br: null });
  const headers = {
    'Content-Security-Policy': contentSecurityPolicy(settings, inline.hash),
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };

  /** The page has client-side routes: a path under /billing/ without a file returns index.html. */
  const fileAt = (path) => {
    const name = path.slice(BASE.length);
    return files.get(name) ?? (extname(name) === '' ? index : undefined);
  };

  return createServer((request, response) => {
    const path = request.url.split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { ...headers, Allow: 'GET, HEAD' }).end();
    } else if (path === '/healthz') {
      response.writeHead(200, { ...headers, 'Cache-Control': 'no-store' }).end();
    } else if (path === BASE.slice(0, -1)) {
      response.writeHead(308, { ...headers, Location: BASE }).end();
    } else {
      send(request, response, path.startsWith(BASE) ? fileAt(path) : undefined, headers);
    }
  });
}

function send(request, response, file, headers) {
  if (file === undefined) {
    response
      .writeHead(404, { ...headers, 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' })
      .end('Not found\n');
    return;
  }
  const accepted = request.headers['accept-encoding'] ?? '';
  const coding = ['br', 'gzip'].find((name) => file[name] !== null && new RegExp(`\\b${name}\\b`).test(accepted));
  const body = coding === undefined ? file.body : file[coding];
  response.writeHead(200, {
    ...headers,
    'Content-Type': file.type,
    'Content-Length': body.length,
    'Cache-Control': file.cache,
    Vary: 'Accept-Encoding',
    ...(coding !== undefined && { 'Content-Encoding': coding }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function main() {
  const dist = process.env.PAGE_DIST ?? new URL('../dist', import.meta.url).pathname;
  const script = readFileSync(process.env.PAGE_ENV_FILE ?? '/etc/kube-dc-frontend/env.js', 'utf8');
  const port = Number(process.env.PORT ?? 8080);
  const server = createPageServer(dist, script);
  server.listen({ port, host: process.env.HOST }, () => console.log(`serving ${BASE} on port ${port}`));
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      server.close(() => process.exit(0));
      server.closeIdleConnections();
    });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  main();
}
