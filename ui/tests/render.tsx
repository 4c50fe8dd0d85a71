// Each section is loaded late. Loading them here keeps that out of the tests' time limits.
import '../src/app/ManageOrganization/Billing/sections/overview/OverviewPage';
import '../src/app/ManageOrganization/Billing/sections/projects/ProjectPage';
import '../src/app/ManageOrganization/Billing/sections/projects/ProjectsPage';

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { vi } from 'vitest';

import { BillingProvider } from '../src/app/ManageOrganization/Billing/BillingProvider';
import { OrganizationRoutes } from '../src/app/ManageOrganization/OrganizationRoutes';

/** The page in a console: under a path of the console, with a session that the test controls. */
export function renderBilling(path = 'billing/projects') {
  const session = {
    getAccessToken: () => Promise.resolve('token'),
    renewAccessToken: vi.fn(() => Promise.resolve<string | null>(null)),
    signIn: vi.fn<(why: 'automatic' | 'asked') => void>(),
  };
  const client = new QueryClient();
  const page = (
    <QueryClientProvider client={client}>
      <BillingProvider api={{ baseUrl: 'https://backend.example', session }} basePath="/manage-organization/billing/">
        <OrganizationRoutes masthead={null} />
      </BillingProvider>
    </QueryClientProvider>
  );
  const router = createMemoryRouter([{ path: '/manage-organization/*', element: page }], {
    initialEntries: [`/manage-organization/${path}`],
  });
  render(<RouterProvider router={router} />);
  /** The user returns to the tab. */
  const refresh = () => {
    void client.refetchQueries();
  };
  return { session, refresh, location: () => router.state.location };
}

/** What surrounds the list and the project: not offered, unless a test routes it. */
const SURROUNDING = /\/(trend|forecast|plan|budgets)(\?|$)/;

/** The network's responses from now on. The code that sends the requests is the page's. */
export function answerWith(answer: (url: URL) => Promise<Response>) {
  const fetchMock = vi.fn<(url: URL, init: RequestInit) => Promise<Response>>(answer);
  const notOffered = json({ success: false, error: 'Not offered by this installation', code: 'not_offered' }, 501);
  vi.stubGlobal('fetch', (url: URL, init: RequestInit) =>
    SURROUNDING.test(url.href) ? notOffered() : fetchMock(url, init),
  );
  return fetchMock;
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): () => Promise<Response> {
  return () => Promise.resolve(new Response(JSON.stringify(body), { status, headers }));
}

export interface Sent {
  method: string;
  path: string;
  body: unknown;
  headers: Headers;
}

/** A response for each path with its query ("GET /api/billing/channels"). Any other request fails the test. */
export function answerEach(answers: Record<string, () => Promise<Response>>): Sent[] {
  const sent: Sent[] = [];
  const stub = (url: URL, init: RequestInit = {}) => {
    const method = init.method ?? 'GET';
    const path = `${url.pathname}${url.search}`;
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    sent.push({ method, path, body, headers: new Headers(init.headers) });
    const answer = answers[`${method} ${path}`] ?? answers[`${method} ${url.pathname}`];
    if (answer === undefined) {
      throw new Error(`No response for ${method} ${path}`);
    }
    return answer();
  };
  vi.stubGlobal('fetch', stub);
  return sent;
}

/** One response after the other; the last one stays. */
export function inTurn(...answers: (() => Promise<Response>)[]): () => Promise<Response> {
  let turn = 0;
  return () => (answers[Math.min(turn++, answers.length - 1)] as () => Promise<Response>)();
}
