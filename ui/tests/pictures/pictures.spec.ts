/** Writes one picture of each section to docs/images. Its responses are fixed: a picture changes only if the page does. */
import { expect, test } from '@playwright/test';
import { statSync } from 'node:fs';
import path from 'node:path';

import {
  BUDGET_ANSWERS,
  EXPLORE_ANSWERS,
  OVERVIEW_ANSWERS,
  PLAN_ANSWERS,
  PROJECT_ANSWERS,
  STATEMENT_ANSWERS,
} from '../states/answers';
import { open } from '../states/run';

const IMAGES = path.resolve(import.meta.dirname, '../../../docs/images');
const MOST_BYTES = 150_000;

const PICTURES = [
  ['overview', '', OVERVIEW_ANSWERS, 'Unusual days'],
  ['explore', 'explore', EXPLORE_ANSWERS, 'Cost by project'],
  ['projects', 'projects', PROJECT_ANSWERS, 'acme-sandbox'],
  ['budgets', 'budgets', BUDGET_ANSWERS, 'It is exceeded'],
  ['plan', 'plan', PLAN_ANSWERS, 'Nothing is left'],
  ['statements', 'statements/2026-11', STATEMENT_ANSWERS, 'Usage by project'],
] as const;

for (const [name, section, answers, shown] of PICTURES) {
  test(name, async ({ page }) => {
    await open(page, { path: `/billing/${section}?organization=acme`, answers });
    await expect(page.getByText(shown).filter({ visible: true }).first()).toBeVisible();
    await expect(page.locator('.pf-v6-c-skeleton')).toHaveCount(0);
    const file = path.join(IMAGES, `page-${name}.png`);
    await page.screenshot({ path: file });
    expect(statSync(file).size).toBeLessThan(MOST_BYTES);
  });
}
