/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react';
import { defineConfig, type Connect, type Plugin } from 'vite';

import { brotli } from './scripts/brotli.mjs';
import { checkTexts } from './scripts/check-texts.mjs';
import { purgeCss } from './scripts/purge-css.mjs';

const BASE = '/billing/';

/** `npm run dev` and `npm run preview` write env.js from their environment, like the static server. */
function environment(): Plugin {
  const serve: Connect.NextHandleFunction = (request, response, next) => {
    if (request.url?.split('?')[0] !== `${BASE}env.js`) {
      next();
      return;
    }
    const settings = {
      backendURL: process.env.BACKEND_URL ?? 'http://127.0.0.1:8080',
      frontendURL: process.env.FRONTEND_URL ?? `http://${request.headers.host ?? 'localhost:5173'}`,
      keycloakURL: process.env.KEYCLOAK_URL ?? 'http://127.0.0.1:8081',
    };
    response.setHeader('Content-Type', 'text/javascript');
    response.end(`Object.assign(window, ${JSON.stringify(settings)});\n`);
  };
  return {
    name: 'environment',
    configureServer: ({ middlewares }) => void middlewares.use(serve),
    configurePreviewServer: ({ middlewares }) => void middlewares.use(serve),
  };
}

/** Preloads the files of the page: they arrive while the login runs. A file that is not complete then is loaded again. */
function preloadPage(): Plugin {
  const attributes = (name: string) =>
    name.endsWith('.js') ? { rel: 'modulepreload' } : { rel: 'preload', as: 'style' };
  return {
    name: 'preload-page',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle }) =>
        Object.keys(bundle ?? {})
          .filter((name) => /\/(libraries|page|rolldown-runtime)-[^/]+\.(js|css)$/.test(name))
          .map((name) => ({
            tag: 'link',
            injectTo: 'head',
            attrs: { ...attributes(name), fetchpriority: 'low', crossorigin: true, href: BASE + name },
          })),
    },
  };
}

export default defineConfig({
  base: BASE,
  plugins: [checkTexts(), react(), environment(), preloadPage(), purgeCss(), brotli()],
  server: { port: 5173, strictPort: true },
  build: {
    target: 'es2022',
    manifest: true,
    rolldownOptions: {
      output: {
        // Each with all that it imports: a file is a request, and HTTP/1.1 has six at a time.
        codeSplitting: {
          groups: [
            { name: 'login', test: /src\/main\.ts$/, priority: 3 },
            {
              name: 'libraries',
              test: /node_modules\/(react|react-dom|react-router|@tanstack|i18next)\//,
              priority: 2,
            },
            { name: 'page', test: /src\/page\.tsx$/, priority: 1 },
          ],
        },
      },
    },
  },
  test: {
    environment: 'jsdom',
    include: [
      'src/**/*.test.{ts,tsx}',
      'tests/component/**/*.test.{ts,tsx}',
      'server/*.test.mjs',
      'scripts/*.test.mjs',
    ],
    setupFiles: ['tests/setup.ts'],
    css: false,
    restoreMocks: true,
    testTimeout: 20_000, // two shared cores; the first import is slow
    // PatternFly imports CSS files, which Node cannot do alone.
    server: { deps: { inline: [/@patternfly/] } },
  },
});
