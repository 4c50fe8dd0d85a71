import { Route, Routes } from 'react-router';

import { NotFound } from '../../layout/NotFound';
import { BudgetFormPage } from './BudgetFormPage';
import { BudgetsView } from './BudgetsView';
import { BudgetView } from './BudgetView';
import { ChannelPage } from './channels/ChannelPage';
import { ChannelsView } from './channels/ChannelsView';
import { DeliveriesView } from './channels/DeliveriesView';

/** Budgets, the channels of their notifications, and the notifications that could not be delivered. */
export default function BudgetsPage() {
  return (
    <Routes>
      <Route index element={<BudgetsView />} />
      <Route path="new" element={<BudgetFormPage />} />
      <Route path="channels" element={<ChannelsView />} />
      <Route path="channels/new" element={<ChannelPage />} />
      <Route path="channels/:id" element={<ChannelPage />} />
      <Route path="deliveries" element={<DeliveriesView />} />
      <Route path=":id" element={<BudgetView />} />
      <Route path=":id/change" element={<BudgetFormPage />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}
