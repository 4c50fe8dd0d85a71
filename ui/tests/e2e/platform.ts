/** The running platform, and the login. The passwords of its demo users are their names. */
import type { Page } from '@playwright/test';

export const API_URL = process.env.API_URL ?? 'http://127.0.0.1:8080';

export interface Person {
  name: string;
  organization: string;
}

export const alice: Person = { name: 'alice', organization: 'acme' };
export const bob: Person = { name: 'bob', organization: 'acme' };
export const carol: Person = { name: 'carol', organization: 'acme' };
export const dave: Person = { name: 'dave', organization: 'globex' };
export const erin: Person = { name: 'erin', organization: 'acme-prod' };

/** Opens a view without a session, and logs in on the provider's page, which leads back to that view. */
export async function open(page: Page, person: Person, view = ''): Promise<void> {
  await page.goto(`/billing/${view}${view.includes('?') ? '&' : '?'}organization=${person.organization}`);
  await logIn(page, person);
}

export async function logIn(page: Page, person: Person): Promise<void> {
  await page.getByLabel('Username').fill(person.name);
  await page.getByLabel('Password').fill(person.name);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: `Account of ${person.name}, ${person.organization}` }).waitFor();
}
