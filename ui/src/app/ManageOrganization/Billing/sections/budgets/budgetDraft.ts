/** The form of a budget and the body that it makes. Numbers stay texts until it is sent. */
import type { Budget } from './budgetData';
import { decimalOf, decimalText } from './decimal';

export const SCOPE_KINDS = ['organization', 'project', 'label'] as const;
export const PERIODS = ['month', 'quarter', 'year'] as const;
export const BASES = ['actual', 'forecast'] as const;
export const NOTIFY_ON = ['firing', 'resolved'] as const;
export const MOST_THRESHOLDS = 10;

export interface ThresholdDraft {
  /** Of the row in the form. */
  id: number;
  basis: (typeof BASES)[number];
  kind: 'percent' | 'amount';
  limit: string;
  /** In per cent. */
  probability: string;
}

export interface BudgetDraft {
  name: string;
  scopeKind: (typeof SCOPE_KINDS)[number];
  namespace: string;
  labelKey: string;
  labelValue: string;
  amount: string;
  period: (typeof PERIODS)[number];
  thresholds: ThresholdDraft[];
  channels: string[];
  notifyOn: string[];
  rollover: boolean;
}

/** A new budget warns at 80 % and 100 % of what is spent, and when the forecast reaches it. */
export function newDraft(namespace: string | null, language: string): BudgetDraft {
  return {
    name: '',
    scopeKind: namespace === null ? 'organization' : 'project',
    namespace: namespace ?? '',
    labelKey: '',
    labelValue: '',
    amount: '',
    period: 'month',
    thresholds: [
      { id: 0, basis: 'actual', kind: 'percent', limit: decimalText(80, language), probability: '80' },
      { id: 1, basis: 'actual', kind: 'percent', limit: decimalText(100, language), probability: '80' },
      { id: 2, basis: 'forecast', kind: 'percent', limit: decimalText(100, language), probability: '80' },
    ],
    channels: [],
    notifyOn: [...NOTIFY_ON],
    rollover: false,
  };
}

export function draftOf(budget: Budget, language: string): BudgetDraft {
  return {
    name: budget.name,
    scopeKind: budget.scope.kind,
    namespace: budget.scope.namespace ?? '',
    labelKey: budget.scope.label?.key ?? '',
    labelValue: budget.scope.label?.value ?? '',
    amount: decimalText(budget.amount, language),
    period: budget.period,
    thresholds: budget.thresholds.map(({ basis, percent, amount, probability }, id) => ({
      id,
      basis,
      kind: percent === null ? 'amount' : 'percent',
      limit: decimalText(percent ?? amount ?? 0, language),
      probability: decimalText(hundredfold(probability ?? 0.8), language),
    })),
    channels: [...budget.channels],
    notifyOn: [...budget.notify_on],
    rollover: budget.rollover,
  };
}

/** A number that is not clear stays a text: the error of the API names what is allowed. */
export interface DraftBody extends Record<string, unknown> {
  thresholds: { basis: 'actual' | 'forecast' }[];
}

export function bodyOf(draft: BudgetDraft, currency: string, language: string): DraftBody {
  return {
    name: draft.name.trim(),
    scope: scopeOf(draft),
    ...number('amount', draft.amount, language),
    currency,
    period: draft.period,
    thresholds: draft.thresholds.map((threshold) => thresholdOf(threshold, language)),
    channels: draft.channels,
    notify_on: draft.notifyOn,
    rollover: draft.rollover,
  };
}

function scopeOf({ scopeKind: kind, namespace, labelKey, labelValue }: BudgetDraft): object {
  const inProject = kind !== 'organization' && namespace !== '' ? { namespace } : {};
  const label = kind === 'label' ? { label: { key: labelKey.trim(), value: labelValue.trim() } } : {};
  return { kind, ...inProject, ...label };
}

function thresholdOf({ basis, kind, limit, probability }: ThresholdDraft, language: string) {
  const inPercent = decimalOf(probability, language);
  const shown = inPercent === '' ? {} : { probability: typeof inPercent === 'number' ? inPercent / 100 : inPercent };
  return { basis, ...number(kind, limit, language), ...(basis === 'forecast' && shown) };
}

/** An empty field is left out. */
function number(name: string, text: string, language: string): object {
  const value = decimalOf(text, language);
  return value === '' ? {} : { [name]: value };
}

/** 0.57 as 57, and not as 56.99999999999999. */
function hundredfold(probability: number): number {
  return Number((probability * 100).toFixed(6));
}
