/** What every state is checked for in Chromium. */
import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The findings of axe. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    // axe is now a global of the page.
    const { run } = (window as unknown as { axe: typeof import('axe-core') }).axe;
    const results = await run(document);
    return results.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`),
    );
  });
}

/** Texts and controls that are visible only after scrolling sideways, except in tables that scroll by themselves. */
export function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('a, button, input, select, h1, h2, p, td, th, dd, dt, li')]
      .filter((element) => element.checkVisibility())
      .filter((element) => element.closest('.pf-v6-screen-reader, .billing-scroll') === null)
      .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 1)
      .map((element) => element.outerHTML.slice(0, 200)),
  );
}

/** The page has an inner scroll area, so the window gets the height of its content. */
export async function showAll(page: Page, width: number): Promise<void> {
  const hidden = await page.evaluate(() =>
    Math.max(
      0,
      ...[...document.querySelectorAll('main, .pf-v6-c-page__main')].map(
        (main) => main.scrollHeight - main.clientHeight,
      ),
    ),
  );
  await page.setViewportSize({ width, height: Math.min(4000, 720 + hidden) });
  await page.waitForTimeout(150); // a chart needs one frame for its new width
}

/** CPU time of the page's main thread from the action until its last frame, without other processes. */
export async function mainThreadMilliseconds(page: Page, action: () => Promise<void>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const taskSeconds = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  };
  const before = await taskSeconds();
  await action();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return ((await taskSeconds()) - before) * 1000;
}
