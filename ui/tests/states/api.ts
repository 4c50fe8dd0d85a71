import type { Page, Route } from '@playwright/test';

import { failure, success } from '../fixtures';
import { API } from './provider';

export type Answer = (route: Route) => Promise<void>;

const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match',
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE',
  'Access-Control-Expose-Headers': 'X-Request-Id, Retry-After, Age, ETag',
};

export const data =
  (body: unknown, meta = {}, headers = {}): Answer =>
  (route) =>
    route.fulfill({ json: success(body, meta), headers: { ...CORS, ...headers } });

export const error =
  (status: number, text: string, details = {}, code?: string): Answer =>
  (route) =>
    route.fulfill({
      status,
      json: { ...failure(text, details), ...(code !== undefined && { code }) },
      headers: { ...CORS, 'X-Request-Id': '6f1c2a90-5f5e-4c53-9d0f-2b6f2f6f7a11' },
    });

export const withoutCorsHeaders: Answer = (route) => route.abort('failed');

/** A change has its own reply. */
export const readAndChange =
  (read: Answer, change: Answer): Answer =>
  (route) =>
    (route.request().method() === 'GET' ? read : change)(route);

export const silence: Answer = () => new Promise(() => undefined);

/** Resources that are not the one of the state: not offered, unless the state has them. */
const SURROUNDING = /\/(trend|forecast|plan|budgets|statement)(\?|$)/;

/** `more`: replies by a part of the address. The first that matches is sent. */
export async function routeApi(page: Page, answer: Answer, more: Record<string, Answer> = {}): Promise<void> {
  const notOffered = error(501, 'Not offered by this installation');
  await page.route(`${API}/api/billing/**`, (route) => {
    const request = route.request();
    if (request.method() === 'OPTIONS') {
      return route.fulfill({ status: 204, headers: CORS });
    }
    const found = Object.entries(more).find(([part]) => request.url().includes(part));
    return (found?.[1] ?? (SURROUNDING.test(request.url()) ? notOffered : answer))(route);
  });
  await page.routeWebSocket(/\/api\/billing\/live$/, (socket) => {
    socket.close({ code: 4501 }).catch(() => undefined);
  });
}
