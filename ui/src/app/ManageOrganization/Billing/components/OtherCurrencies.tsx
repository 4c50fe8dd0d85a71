import { firstOfMonth, type Scope } from '../address';
import { useScoped } from '../queries/useScoped';
import { OtherCurrenciesNotice } from './Notices';

/** Names the cost of a month in other currencies. `month` is "2026-10". Null: the running month. */
export function OtherCurrencies({ scope, month }: { scope: Scope; month: string | null }) {
  const range = month === null ? {} : { from: `${month}-01`, to: firstOfMonth(`${month}-01`, 1) };
  const { data: fresh } = useScoped('trend', scope, { granularity: 'day', ...range });
  return <OtherCurrenciesNotice amounts={fresh?.data.other_currencies} />;
}
