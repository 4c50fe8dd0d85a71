import { Card, CardBody } from '@patternfly/react-core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import type { Period, Scope } from '../../address';
import type { Forecast, Fresh, Trend } from '../../api/models';
import { PartState } from '../../components/PartState';
import { Explained } from '../../explain/Explained';
import { type ChangeSubject, monthSubject, trendRange } from '../../explain/subject';
import { formatDays } from '../../dates';
import {
  formatAmount,
  formatAmountRange,
  formatAmounts,
  formatChange,
  formatDifference,
  formatWhole,
  isWide,
  type Unit,
} from '../../money';
import { type BudgetList, monthlyBudgets } from '../../queries/useBudgets';
import { BudgetFigure } from './BudgetFigure';
import { InvoicedFigure } from './InvoicedFigure';

const FIGURE_HEIGHT = '7rem';
const AMOUNT_HEIGHT = '1lh';

interface HeadlineProps {
  scope: Scope;
  period: Period;
  /** The cost of the running month by the list of projects: it is there first. Null: it is in more than one currency. */
  soFar: { amount: number | null; unit: Unit; almostNothing: boolean } | null;
  trend: UseQueryResult<Fresh<Trend>>;
  forecast: UseQueryResult<Fresh<Forecast>>;
  budgets: UseQueryResult<Fresh<BudgetList>>;
  /** On a plan: the usage is at list prices, and an org-admin gets what is invoiced. */
  isListPrice: boolean;
  isAdmin: boolean;
}

/** The figures of the period: so far, at its end, the budget; on a plan, what is invoiced. */
export function Headline({ scope, period, soFar, trend, forecast, budgets, isListPrice, isAdmin }: HeadlineProps) {
  const isThisMonth = period.kind === 'this-month';
  const { t } = useTranslation('overview');
  return (
    <Card isCompact>
      <CardBody>
        <dl className="billing-headline">
          <SoFar
            scope={scope}
            period={period}
            soFar={isThisMonth ? soFar : null}
            trend={trend}
            isListPrice={isListPrice}
          />
          {isListPrice && isAdmin && scope.kind === 'organization' && isThisMonth && <InvoicedFigure />}
          {isThisMonth && <Forecasted scope={scope} forecast={forecast} isListPrice={isListPrice} />}
          {isThisMonth && (
            <PartState query={budgets} height={FIGURE_HEIGHT} term={t('budget')}>
              {({ data, meta }) => (
                <BudgetFigure budgets={monthlyBudgets(data, scope)} meta={meta} mayCreate={data.may_create} />
              )}
            </PartState>
          )}
        </dl>
      </CardBody>
    </Card>
  );
}

export function Figure({ title, children, notes }: { title: string; children: ReactNode; notes?: ReactNode }) {
  return (
    <div className="billing-figure-of">
      <dt>{title}</dt>
      <dd>
        <span className="billing-amount">{children}</span>
        <span className="billing-note">{notes}</span>
      </dd>
    </div>
  );
}

type SoFarProps = Pick<HeadlineProps, 'scope' | 'period' | 'soFar' | 'trend'> & { isListPrice: boolean };

function SoFar({ scope, period, soFar, trend, isListPrice }: SoFarProps) {
  const { t } = useTranslation(['overview', 'common']);
  const name = period.kind === 'range' ? formatDays(period.from, period.to) : t(`common:period_${period.kind}`);
  const title =
    period.kind === 'this-month'
      ? t(isListPrice ? 'soFarListPrice' : 'soFar')
      : t(isListPrice ? 'inPeriodListPrice' : 'inPeriod', { period: name });
  const notes = (
    <>
      <Comparison fresh={trend.data} scope={scope} name={title} />
      {isListPrice && <span className="billing-note">{t('listPriceNote')}</span>}
    </>
  );
  return soFar !== null ? (
    <Figure title={title} notes={notes}>
      <Explained subject={monthSubject(scope, 'current_month_total', null, soFar.amount)} name={title}>
        {formatAmount(soFar.amount, soFar.unit, soFar.almostNothing)}
      </Explained>
    </Figure>
  ) : (
    <Figure title={title} notes={notes}>
      <PartState query={trend} height={AMOUNT_HEIGHT}>
        {({ data, meta }) => (
          <Explained subject={{ kind: 'range', title, scope, query: trendRange(data), shown: data.total }} name={title}>
            {formatAmount(data.total, meta)}
          </Explained>
        )}
      </PartState>
    </Figure>
  );
}

/** The difference to the period before, as the API sends it. Empty while it loads. */
function Comparison({ fresh, scope, name }: { fresh: Fresh<Trend> | undefined; scope: Scope; name: string }) {
  const { t } = useTranslation('overview');
  const compare = fresh?.data.compare;
  if (fresh === undefined || compare === undefined) {
    return '\u00a0';
  }
  if (compare.difference === null) {
    return t('comparedUnknown', { reason: noComparison(t, fresh.data) });
  }
  const difference = formatDifference(compare.difference, fresh.meta);
  const { ratio } = compare;
  const text =
    ratio == null ? t('comparedMore', { difference }) : t('comparedRatio', { difference, ratio: formatChange(ratio) });
  const incomplete = compare.incomplete_hours ?? 0;
  const subject = totalChange(fresh, scope, name);
  return (
    <>
      {subject === null ? (
        text
      ) : (
        <Explained subject={subject} name={name}>
          {text}
        </Explained>
      )}
      {incomplete > 0 && <span className="billing-note">{t('earlierIncomplete', { count: incomplete })}</span>}
    </>
  );
}

/** Why there is no difference. */
function noComparison(t: TFunction<'overview'>, { total, compare }: Trend): string {
  const others = compare?.other_currencies ?? {};
  if (total === null) {
    return t('noTotal');
  }
  return Object.keys(others).length > 0
    ? t('earlierCurrency', { amounts: formatAmounts(others) })
    : t('noEarlierRange');
}

/** Null: nothing is known of one of the two ranges. */
function totalChange(fresh: Fresh<Trend>, scope: Scope, title: string): ChangeSubject | null {
  const { compare, total } = fresh.data;
  if (compare?.total == null || compare.difference === null || total === null) {
    return null;
  }
  const parts = (['volume', 'price', 'new', 'gone'] as const).map((part) => [part, compare[part] ?? 0] as const);
  const compared = {
    before: compare.total,
    after: total,
    difference: compare.difference,
    ...Object.fromEntries(parts),
  };
  return {
    kind: 'change',
    title,
    scope,
    filter: null,
    compared: compare.rounding === undefined ? compared : { ...compared, rounding: compare.rounding },
    fresh,
  };
}

function Forecasted({ scope, forecast, isListPrice }: Pick<HeadlineProps, 'scope' | 'forecast' | 'isListPrice'>) {
  const { t } = useTranslation('overview');
  const title = t(isListPrice ? 'forecastListPrice' : 'forecast');
  return (
    <PartState query={forecast} height={FIGURE_HEIGHT} term={title}>
      {(fresh) => {
        const { data, meta } = fresh;
        const { p50, low, high } = data.total;
        if (p50 === null || data.method === 'none') {
          return (
            <Figure title={title} notes={t('forecastNone')}>
              <span className="billing-none">{t('forecastUnknown')}</span>
            </Figure>
          );
        }
        const note =
          data.method === 'ended' ? t('forecastEnded') : data.quality === 'ok' ? '' : t(`quality_${data.quality}`);
        return (
          <Figure
            title={title}
            notes={
              <>
                <strong>{t('forecastLikely', { range: formatAmountRange(low, high, meta) })}</strong> {note}
              </>
            }
          >
            <Explained subject={{ kind: 'forecast', scope, fresh }} name={title}>
              {low !== null && high !== null && isWide(low, high) ? formatWhole(p50, meta) : formatAmount(p50, meta)}
            </Explained>
          </Figure>
        );
      }}
    </PartState>
  );
}
