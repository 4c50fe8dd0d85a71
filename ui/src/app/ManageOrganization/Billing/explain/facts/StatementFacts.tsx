import { useTranslation } from 'react-i18next';

import type { DataOf, Fresh, Meta, Schemas } from '../../api/models';
import { addressOf } from '../../api/rest/resource';
import { BillingState } from '../../components/BillingState';
import { formatExact, formatMonth, formatQuantity, formatSpan } from '../../figures';
import { formatAmount } from '../../money';
import { useResource } from '../../queries/useResource';
import { ExplainSkeleton } from '../ExplainSkeleton';
import type { ExplainSubject, StatementSubject } from '../subject';
import { Stated, type StatedRow } from './Stated';

const PATH = '/api/billing/organization/statement';
type Statement = DataOf<typeof PATH>;

interface StatementFactsProps {
  subject: StatementSubject;
  onOpen: (subject: ExplainSubject) => void;
}

/** The lines of a statement that one of its amounts is made of. */
export function StatementFacts({ subject, onOpen }: StatementFactsProps) {
  const { part, period } = subject;
  const request = { query: period === null ? {} : { period } };
  const query = useResource(PATH, request);
  return (
    <BillingState query={query} skeleton={<ExplainSkeleton />}>
      {(fresh) => <Part fresh={fresh} part={part} address={addressOf(PATH, request)} onOpen={onOpen} />}
    </BillingState>
  );
}

interface PartProps extends Pick<StatementFactsProps, 'onOpen'>, Pick<StatementSubject, 'part'> {
  fresh: Fresh<Statement>;
  address: string;
}

function Part({ fresh, part, address, onOpen }: PartProps) {
  const { t } = useTranslation('explain');
  const { data, meta } = fresh;
  const rows = useRows(part, data, meta);
  const sums = { invoiced: 'total', fees: 'fees', usage: 'usage', adjustments: 'adjustments' } as const;
  const own = part === 'adjustments' ? data.adjustments_total : undefined;
  const value = data.invoiced?.[sums[part]] ?? own;
  return (
    <Stated
      name={t(`statement_${part}`, { month: formatMonth(data.period) })}
      value={value === undefined ? null : formatAmount(value, meta)}
      range={formatMonth(data.period)}
      fresh={fresh}
      isUsageCost={false}
      method={[t(`statementMethod_${part}`)]}
      rows={value === undefined ? rows : [...rows, { name: t('value'), text: formatAmount(value, meta), isBold: true }]}
      address={address}
      onOpen={onOpen}
    />
  );
}

function useRows(part: StatementSubject['part'], data: Statement, meta: Meta): StatedRow[] {
  const { t } = useTranslation('explain');
  const { period, invoiced } = data;
  switch (part) {
    case 'invoiced':
      return (['fees', 'usage', 'adjustments'] as const).map((one) => ({
        name: t(`statement_${one}`, { month: formatMonth(period) }),
        text: formatAmount(invoiced?.[one], meta),
        part: one === 'usage' && isAllUsage(data) ? usageSubject(data) : { kind: 'statement', part: one, period },
      }));
    case 'fees':
      return (data.fees ?? []).map((fee) => feeRow(t, fee, meta));
    case 'usage':
      return [{ name: t('listPrice'), text: formatAmount(data.usage_total, meta), part: usageSubject(data) }];
    case 'adjustments':
      return [
        ...data.adjustments.map((one) => ({
          name: [
            one.namespace ?? t('ofAll'),
            one.reason,
            one.sku,
            one.refers_to && formatMonth(one.refers_to.period),
            one.invoiced === false && t('notInvoiced'),
          ]
            .filter(Boolean)
            .join(', '),
          text: formatExact(one.amount, one.currency, meta.currency_digits),
        })),
        ...data.adjustments_rest.map((one) => ({
          name: [t('moreAdjustments', { count: one.rows }), one.invoiced === false && t('notInvoiced')]
            .filter(Boolean)
            .join(', '),
          text: formatExact(one.amount, one.currency, meta.currency_digits),
        })),
      ];
  }
}

/** Without a plan, all usage is invoiced. */
function isAllUsage({ fees, invoiced, usage_total }: Statement): boolean {
  return (fees ?? []).length === 0 && invoiced?.usage === usage_total;
}

function usageSubject({ period, usage_total }: Statement): ExplainSubject {
  return { kind: 'organization', figure: 'current_month_total', period, shown: usage_total };
}

function feeRow(t: ReturnType<typeof useTranslation<'explain'>>['t'], fee: Schemas['Fee'], meta: Meta): StatedRow {
  const { kind, id, quantity, hours, monthly_price: price, currency, amount, from, to } = fee;
  const facts = {
    name: kind === 'plan' ? id : `${formatQuantity(quantity)} × ${id}`,
    hours: formatQuantity(hours),
    price: formatExact(price, currency, meta.currency_digits),
    span: formatSpan(from, to, meta.time_zone ?? 'UTC'),
  };
  return { name: t('feeRow', facts), text: formatExact(amount, currency, meta.currency_digits) };
}
