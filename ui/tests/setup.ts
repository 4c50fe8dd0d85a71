import '@testing-library/jest-dom/vitest';

import { cleanup, configure } from '@testing-library/react';
import { afterEach, beforeAll, vi } from 'vitest';

import { loadTexts } from '../src/app/ManageOrganization/Billing/i18n';

/** jsdom has no layout: nothing changes its size. */
class NoResizeObserver {
  observe = vi.fn();
  unobserve = vi.fn();
  disconnect = vi.fn();
}
globalThis.ResizeObserver = NoResizeObserver;

// Two shared cores: a section is loaded late, and its first rendering is slow.
configure({ asyncUtilTimeout: 10_000 });

beforeAll(async () => {
  await loadTexts('en');
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});
