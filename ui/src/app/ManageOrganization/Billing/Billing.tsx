import './billing.css';

import { Route, Routes } from 'react-router';

import { ProjectListPage } from './ProjectListPage';
import { ProjectPage } from './ProjectPage';

/** The Billing page. Render it inside a BillingProvider, a QueryClientProvider and a router. */
export function Billing() {
  return (
    <Routes>
      <Route path="projects/:namespace" element={<ProjectPage />} />
      <Route path="*" element={<ProjectListPage />} />
    </Routes>
  );
}
