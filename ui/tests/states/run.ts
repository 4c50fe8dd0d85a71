/** Each state in both languages, both themes and several widths: its text, axe, what is cut off, and a picture. */
import { expect, type Page, test } from '@playwright/test';

import { type Answer, routeApi, silence } from './api';
import { cutOff, settle, showAll, violations } from './checks';
import { routeProvider } from './provider';
import { type Language, LANGUAGES, type Texts } from './texts';

export interface State {
  name: string;
  path: string;
  /** Replies by a part of the address. The first that matches is sent. */
  answers?: Record<string, Answer>;
  /** The reply where none of them matches. */
  answer?: Answer;
  /** Text that identifies the state. */
  text: Texts | Record<Language, RegExp> | string | RegExp;
  prepare?: (page: Page, language: Language) => Promise<void>;
  /** 1280, 768 and 390 if it is not set. */
  widths?: readonly number[];
  /** The picture is the window only: a dialog covers it. */
  isWindow?: boolean;
  check?: (page: Page, width: number) => Promise<void>;
}

const WIDTHS = [1280, 768, 390];
/** For a state that is the same component in each section. */
export const WIDE_AND_PHONE = [1280, 390];
/** What a theme can change of what axe finds. */
const THEMED = ['color-contrast', 'link-in-text-block'];
const LOCALES = { en: 'en-GB', de: 'de-DE' };

/** `normal`: the replies of the section, where the state has none. */
export function testStates(states: readonly State[], normal: Record<string, Answer> = {}): void {
  for (const language of LANGUAGES) {
    test.describe(language, () => {
      test.use({ locale: LOCALES[language] });
      for (const state of states) {
        test(`${state.name}, ${language}`, async ({ page }) => {
          await open(page, { ...state, answers: overriding(normal, state.answers) });
          await state.prepare?.(page, language);
          await expect(page.getByText(textOf(state, language)).first()).toBeAttached();
          for (const width of state.widths ?? WIDTHS) {
            await page.setViewportSize({ width, height: 720 });
            await (state.isWindow === true ? settle(page) : showAll(page, width));
            await checkThemes(page, `${state.name}-${language}`, width);
            await state.check?.(page, width);
          }
        });
      }
    });
  }
}

export async function open(
  page: Page,
  { path, answers, answer = silence }: Pick<State, 'path' | 'answers' | 'answer'>,
): Promise<void> {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 1280, height: 900 });
  await routeProvider(page);
  await routeApi(page, answer, answers);
  await page.goto(path);
}

/** Those of the state come first: the first that matches is sent. */
export function overriding(normal: Record<string, Answer>, own: Record<string, Answer> = {}): Record<string, Answer> {
  return { ...own, ...Object.fromEntries(Object.entries(normal).filter(([part]) => !(part in own))) };
}

function textOf({ text }: State, language: Language): string | RegExp {
  return typeof text === 'string' || text instanceof RegExp ? text : text[language];
}

async function checkThemes(page: Page, name: string, width: number): Promise<void> {
  expect(await cutOff(page), `cut off at ${width}`).toEqual([]);
  await page.screenshot({ path: `screenshots/${name}-light-${width}.png` });
  expect(await violations(page), `axe at ${width}, light`).toEqual([]);
  await setTheme(page, 'dark');
  await page.screenshot({ path: `screenshots/${name}-dark-${width}.png` });
  expect(await violations(page, THEMED), `axe at ${width}, dark`).toEqual([]);
  await setTheme(page, 'light');
}

/** What the button of the masthead does, also where a dialog covers it. A picture is never of a colour that changes. */
async function setTheme(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await page.evaluate((isDark) => {
    if (document.querySelector('style.test') === null) {
      const style = Object.assign(document.createElement('style'), { className: 'test' });
      style.textContent = '*, ::before, ::after { transition: none !important }';
      document.head.append(style);
    }
    document.documentElement.classList.toggle('pf-v6-theme-dark', isDark);
  }, theme === 'dark');
}
