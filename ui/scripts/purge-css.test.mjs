import { expect, test } from 'vitest';

import { purge } from './purge-css.mjs';

const SCRIPT = 'className: "section content"';

test.each([
  '.section:where(:not(.pf-m-truncate)) > .content { visibility: hidden }',
  '.section:where(:has(> .content)) { top: 0 }',
  '.section:is(:not(:is(:hover, .content))) { top: 0 }',
  '.section:is(:hover, :focus-visible) { top: 0 }',
])('a rule of classes that the page uses stays: %s', async (rule) => {
  expect(await purge([SCRIPT], [rule])).toEqual([rule]);
});

test.each(['.other:where(:not(.content)) { top: 0 }', '.section .other { top: 0 }', '.section.pf-m-other { top: 0 }'])(
  'a rule of another class is removed: %s',
  async (rule) => {
    expect(await purge([SCRIPT], [rule])).toEqual(['']);
  },
);
