import type { ReactNode } from 'react';
import { Navigate, Route, Routes } from 'react-router';

import { Billing } from './Billing/Billing';
import { OrganizationLayout } from './OrganizationLayout';

/** The pages of Manage Organization. A new page is one line here and one in OrganizationSidebar. */
export function OrganizationRoutes({ masthead }: { masthead: ReactNode }) {
  return (
    <OrganizationLayout masthead={masthead}>
      <Routes>
        <Route path="billing/*" element={<Billing />} />
        <Route path="*" element={<Navigate to="billing/" replace />} />
      </Routes>
    </OrganizationLayout>
  );
}
