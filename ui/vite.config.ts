/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react';
import { defineConfig, type Connect, type Plugin } from 'vite';

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

export default defineConfig({
  base: BASE,
  plugins: [checkTexts(), react(), environment(), purgeCss()],
  server: { port: 5173, strictPort: true },
  build: { target: 'es2022', manifest: true },
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
