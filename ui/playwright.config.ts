import { defineConfig } from '@playwright/test';

import { CHROMIUM_ARGUMENTS, chromiumPath } from './tests/chromium';

const PORT = process.env.PREVIEW_PORT ?? '4173';
const PREVIEW = `http://localhost:${PORT}`;
/** Their responses are fixed. */
const isAgainstPreview = ['--project=states', '--project=pictures'].some((one) => process.argv.includes(one));

const isTheRunner = process.env.TEST_WORKER_INDEX === undefined;
if (isTheRunner && !isAgainstPreview && process.env.BILLING_PID === undefined) {
  // eslint-disable-next-line no-console -- Playwright's list does not print the reason of a skipped test
  console.warn('BILLING_PID is not set: the outage tests are skipped, as the billing service cannot be stopped');
}

export default defineConfig({
  outputDir: 'test-results',
  forbidOnly: true,
  workers: isAgainstPreview ? 2 : 1, // the tests share one platform, and one of them stops its billing service
  reporter: 'list',
  timeout: 60_000,
  expect: { timeout: 15_000 }, // on a busy machine the charts need some seconds
  use: { launchOptions: { executablePath: await chromiumPath(), args: CHROMIUM_ARGUMENTS }, locale: 'en-GB' },
  projects: [
    {
      name: 'states',
      testDir: 'tests/states',
      retries: 1, // some of them measure, and other processes need the processor too; a second try is reported
      use: { baseURL: PREVIEW },
    },
    {
      name: 'pictures',
      testDir: 'tests/pictures',
      use: { baseURL: PREVIEW },
    },
    {
      name: 'e2e',
      testDir: 'tests/e2e',
      use: { baseURL: process.env.BASE_URL ?? 'http://localhost:8080' },
    },
  ],
  ...(isAgainstPreview && {
    webServer: {
      command: `npx vite preview --port ${PORT} --strictPort`,
      url: `${PREVIEW}/billing/`,
      reuseExistingServer: false,
    },
  }),
});
