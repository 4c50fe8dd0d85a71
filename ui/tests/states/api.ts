import type { Page, Route } from '@playwright/test';

import { failure, success } from '../fixtures';
import { API } from './provider';

export type Answer = (route: Route) => Promise<void>;

const CORS = {
  'Access-Control-Allow-Origin': 'http://localhost:4173',
  'Access-Control-Allow-Credentials': 'true',
  'Access-Control-Allow-Headers': 'Authorization',
  'Access-Control-Expose-Headers': 'X-Request-Id, Retry-After, Age',
};

export const data =
  (body: unknown, meta = {}, headers = {}): Answer =>
  (route) =>
    route.fulfill({ json: success(body, meta), headers: { ...CORS, ...headers } });

export const error =
  (status: number, text: string, details = {}): Answer =>
  (route) =>
    route.fulfill({
      status,
      json: failure(text, details),
      headers: { ...CORS, 'X-Request-Id': '6f1c2a90-5f5e-4c53-9d0f-2b6f2f6f7a11' },
    });

export const withoutCorsHeaders: Answer = (route) => route.abort('failed');

export const silence: Answer = () => new Promise(() => undefined);

export async function routeApi(page: Page, answer: Answer): Promise<void> {
  await page.route(`${API}/api/billing/**`, (route) =>
    route.request().method() === 'OPTIONS' ? route.fulfill({ status: 204, headers: CORS }) : answer(route),
  );
}
