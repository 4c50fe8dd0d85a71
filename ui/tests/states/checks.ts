/** What every state is checked for in Chromium. */
import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The findings of axe. `rules`: only these. */
export async function violations(page: Page, rules: string[] = []): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async (only) => {
    // axe is now a global of the page.
    const { run } = (window as unknown as { axe: typeof import('axe-core') }).axe;
    const results = await run(document, only.length === 0 ? {} : { runOnly: only });
    return results.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`),
    );
  }, rules);
}

const TEXTS = 'a, button, input, select, h1, h2, p, td, th, dd, dt, li, .pf-v6-c-helper-text__item-text';
/** Beyond the edge on purpose. */
const ELSEWHERE = [
  '.pf-v6-screen-reader',
  '.billing-scroll',
  '.pf-v6-c-skip-to-content',
  '.pf-v6-c-page__sidebar.pf-m-collapsed',
].join(', ');

/**
 * What is visible only after scrolling sideways: texts and controls beyond an edge of the window or of their card, and
 * areas that scroll. Tables that scroll by themselves are not checked.
 */
export function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(
    ([texts, elsewhere]) => {
      const isBeyond = (element: Element) => {
        const { left, right } = element.getBoundingClientRect();
        const card = element.closest('.pf-v6-c-card')?.getBoundingClientRect();
        const [first, last] = [Math.max(0, card?.left ?? 0), Math.min(window.innerWidth, card?.right ?? Infinity)];
        return left < first - 1 || right > last + 1;
      };
      const beyond = [...document.querySelectorAll(texts)]
        .filter((element) => element.checkVisibility())
        .filter((element) => element.closest(elsewhere) === null)
        .filter(isBeyond);
      const scrolling = [document.documentElement, ...document.querySelectorAll('main, .pf-v6-c-page__main')].filter(
        (element) => element.scrollWidth > element.clientWidth + 1,
      );
      const shortened = [
        ...document.querySelectorAll('td, th, td *, th *, dt, dd, label, .pf-v6-c-label__text'),
      ].filter(
        (element) =>
          getComputedStyle(element).textOverflow === 'ellipsis' && element.scrollWidth > element.clientWidth + 1,
      );
      return [
        ...beyond.map((element) => element.outerHTML.slice(0, 200)),
        ...shortened.map((element) => `${element.outerHTML.slice(0, 200)} is shortened`),
        ...scrolling.map((element) => `${element.tagName} scrolls sideways`),
      ];
    },
    [TEXTS, ELSEWHERE] as const,
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
  await page.setViewportSize({ width, height: Math.min(8000, 720 + hidden) });
  await settle(page);
}

/** After a change of the window: the sidebar closes a moment later, and a chart needs one frame for its new width. */
export async function settle(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const sidebar = document.querySelector('.pf-v6-c-page__sidebar');
    return sidebar === null || sidebar.classList.contains('pf-m-collapsed') === window.innerWidth < 1200;
  });
  await page.waitForTimeout(150);
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
