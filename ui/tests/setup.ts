import '@testing-library/jest-dom/vitest';

import { cleanup } from '@testing-library/react';
import { afterEach, beforeAll, vi } from 'vitest';

import { loadTexts } from '../src/app/ManageOrganization/Billing/i18n';

beforeAll(async () => {
  await loadTexts('en');
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});
