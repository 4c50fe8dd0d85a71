// @vitest-environment node
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createPageServer, settingsOf } from './server.mjs';

const ENV = `window.backendURL = "https://backend.example/prefix";
window.frontendURL = "https://console.example";
window.keycloakURL = "https://login.example";`;

let server;
let root;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'page-'));
  const dist = join(root, 'dist');
  mkdirSync(join(dist, 'assets'), { recursive: true });
  writeFileSync(join(dist, 'index.html'), '<!doctype html><script  src="/billing/env.js"></script>');
  writeFileSync(join(dist, 'assets', 'index-abc.js'), 'export {};');
  writeFileSync(join(dist, 'assets', 'index-abc.js.br'), brotliCompressSync('export {};'));
  writeFileSync(join(root, 'secret.html'), 'secret');
  server = createPageServer(dist, ENV);
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
});
afterAll(() => new Promise((closed) => server.close(closed)));

/** Uses node:http, which sends a path unchanged. fetch would remove the dots. */
function ask(path, { method = 'GET', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const asked = request({ port: server.address().port, host: '127.0.0.1', path, method, headers }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode,
          headers: answer.headers,
          body: Buffer.concat(chunks),
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    asked.on('error', reject).end();
  });
}

test.each(['/billing/', '/billing/?organization=acme', '/billing/projects/acme-web', '/billing/index.html'])(
  '%s is the page, revalidated each time',
  async (path) => {
    // A shared link opens the page. The next visit shows a new release.
    const { status, headers, text } = await ask(path);
    expect([status, headers['cache-control']]).toEqual([200, 'no-cache']);
    expect(text).toMatch(/^<!doctype html>/);
  },
);

test('what is named by its content is kept forever, and compressed for those who ask', async () => {
  const plain = await ask('/billing/assets/index-abc.js');
  expect(plain.headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-type': 'text/javascript; charset=utf-8',
  });
  const gzip = await ask('/billing/assets/index-abc.js', { headers: { 'Accept-Encoding': 'gzip' } });
  expect([gzip.headers['content-encoding'], gunzipSync(gzip.body).toString()]).toEqual(['gzip', 'export {};']);
  const brotli = await ask('/billing/assets/index-abc.js', { headers: { 'Accept-Encoding': 'gzip, br' } });
  expect([brotli.headers['content-encoding'], brotliDecompressSync(brotli.body).toString()]).toEqual([
    'br',
    'export {};',
  ]);
});

test('the page has its settings in a script that the policy allows, and does not load env.js', async () => {
  const { text, headers } = await ask('/billing/', { headers: { 'Accept-Encoding': 'identity' } });
  const [, script] = /<script>(.*)<\/script>/.exec(text);
  expect(text).not.toContain('env.js');
  expect(headers['content-security-policy']).toContain(
    `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  const window = {};
  new Function('window', script)(window);
  expect(window).toEqual({
    backendURL: 'https://backend.example/prefix',
    frontendURL: 'https://console.example/',
    keycloakURL: 'https://login.example/',
  });
});

test('env.js is the mounted one', async () => {
  expect((await ask('/billing/env.js')).text).toBe(ENV);
});

test.each([
  '/',
  '/index.html',
  '/billing/assets/gone.js',
  '/billing/../secret.html',
  '/billing/%2e%2e/secret.html',
  '//billing/',
])('%s does not exist', async (path) => {
  // The console has all other paths of the host. Files outside the build are not served.
  expect((await ask(path)).status).toBe(404);
});

test('/billing leads to /billing/, /healthz is for probes, other methods are refused', async () => {
  expect(await ask('/billing')).toMatchObject({ status: 308, headers: { location: '/billing/' } });
  expect((await ask('/healthz')).status).toBe(200);
  expect(await ask('/billing/', { method: 'POST' })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  expect(await ask('/billing/', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
});

test('every response allows only the origins of the settings', async () => {
  for (const path of ['/billing/', '/billing/gone.js', '/billing/env.js']) {
    const policy = (await ask(path)).headers['content-security-policy'];
    expect(policy).toContain('connect-src https://backend.example wss://backend.example https://login.example;');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('prefix');
  }
});

describe('settings', () => {
  test.each([
    ['', /backendURL, window.frontendURL, window.keycloakURL/],
    [ENV.replace('https://login.example', 'login.example'), /must set window.keycloakURL to/],
    [ENV.replace('https://login.example', 'javascript:alert(1)'), /must set window.keycloakURL to/],
    ['window.backendURL = process.env.HOME', /process is not defined/],
    ['window.', /Unexpected/],
  ])('%j stop the start with what is wrong', (script, message) => {
    // With a wrong ConfigMap the server does not start. Otherwise the page could not call anything.
    expect(() => settingsOf(script)).toThrow(message);
  });
});
