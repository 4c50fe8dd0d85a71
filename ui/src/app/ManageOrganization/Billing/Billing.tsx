import './billing.css';

import { Route, Routes } from 'react-router';

import { ProjectListPage } from './ProjectListPage';
import { ProjectPage } from './ProjectPage';

/** The Billing page. It needs a BillingProvider, a QueryClientProvider and a router around it. */
export function Billing() {
  return (
    <Routes>
      <Route path="projects/:namespace" element={<ProjectPage />} />
      <Route path="*" element={<ProjectListPage />} />
    </Routes>
  );
}
