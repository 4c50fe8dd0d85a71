import {
  Card,
  CardBody,
  Content,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Grid,
  GridItem,
  Skeleton,
} from '@patternfly/react-core';
import type { ReactNode } from 'react';

import type { CurrencyTotal } from '../api/models';
import { daysIntoMonth, formatPeriod } from '../dates';
import { formatAmount, formatEstimate, formatRate, formatShare, HOURS_PER_MONTH } from '../money';
import { texts } from '../texts';

interface SummaryCardsProps {
  /** One per currency. Null while loading. */
  totals: CurrencyTotal[] | null;
  asOf: Date | null;
  /** The month of the API, "2025-09". Null if it is unknown. */
  period: string | null;
  /** A fourth card. */
  children?: ReactNode;
}

export function SummaryCards({ totals, asOf, period, children }: SummaryCardsProps) {
  const month = period === null ? texts.monthToDate : texts.monthToDateOf(formatPeriod(period));
  return (
    <Grid hasGutter {...(children === undefined ? { md: 4 } : { sm: 6, xl: 3 })}>
      <SummaryCard
        title={month}
        figures={totals?.map((total) => ({ figure: formatAmount(total.current_month_total, total.currency) }))}
      />
      <SummaryCard
        title={texts.lastDay}
        figures={totals?.map((total) => ({
          figure: formatAmount(total.last_day_spend, total.currency),
          note: comparedToAverage(total, asOf),
        }))}
      />
      <SummaryCard
        title={texts.runRate}
        figures={totals?.map((total) => ({
          figure: formatRate(total.total_cost_per_hour, total.currency),
          note: texts.perMonth(formatEstimate(total.total_cost_per_hour * HOURS_PER_MONTH, total.currency)),
        }))}
      />
      {children}
    </Grid>
  );
}

interface SummaryCardProps {
  title: string;
  /** Undefined while loading, empty if unknown. */
  figures: { figure: string; note?: string | null }[] | undefined;
}

export function SummaryCard({ title, figures }: SummaryCardProps) {
  return (
    <GridItem>
      <Card isCompact isFullHeight>
        <CardBody>
          <DescriptionList displaySize="2xl">
            <DescriptionListGroup>
              <DescriptionListTerm>{title}</DescriptionListTerm>
              {figures === undefined && <FigureSkeleton />}
              {figures?.length === 0 && <DescriptionListDescription>{texts.unknown}</DescriptionListDescription>}
              {figures?.map(({ figure, note }) => (
                <DescriptionListDescription key={figure} className="billing-break">
                  {figure}
                  {note != null && <Content component="small">{note}</Content>}
                </DescriptionListDescription>
              ))}
            </DescriptionListGroup>
          </DescriptionList>
        </CardBody>
      </Card>
    </GridItem>
  );
}

function FigureSkeleton() {
  return (
    <DescriptionListDescription>
      <Skeleton fontSize="2xl" width="60%" />
      <Skeleton fontSize="sm" width="80%" className="billing-gap-above" />
    </DescriptionListDescription>
  );
}

/** Compares the last day with the average day of the month. Null at the start of a month. */
export function comparedToAverage(total: CurrencyTotal, asOf: Date | null): string | null {
  const days = asOf === null ? 0 : daysIntoMonth(asOf);
  if (days < 1 || total.current_month_total <= 0) {
    return null;
  }
  const mean = total.current_month_total / days;
  const average = formatEstimate(mean, total.currency);
  const difference = Math.round((total.last_day_spend / mean - 1) * 100) / 100;
  if (Math.abs(difference) < 0.01) {
    return texts.onAverage(average);
  }
  return difference > 0
    ? texts.aboveAverage(formatShare(difference), average)
    : texts.belowAverage(formatShare(-difference), average);
}
