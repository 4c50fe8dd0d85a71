import { Route, Routes } from 'react-router';

import { NotFound } from '../../layout/NotFound';
import { Months } from './Months';
import { StatementView } from './StatementView';

/** The months with their state, and the statement of one. */
export default function StatementsPage() {
  return (
    <Routes>
      <Route index element={<Months />} />
      <Route path=":period" element={<StatementView />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}
