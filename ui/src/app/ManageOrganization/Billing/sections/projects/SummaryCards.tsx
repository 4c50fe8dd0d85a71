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
import { useTranslation } from 'react-i18next';

import type { CurrencyTotal, Meta } from '../../api/models';
import { formatPeriod } from '../../dates';
import { Explained } from '../../explain/Explained';
import type { ExplainSubject, SummaryFigure } from '../../explain/subject';
import { formatAmount, formatRate, type Unit } from '../../money';
import { unitOf } from '../../units';

interface SummaryCardsProps {
  /** One per currency. Null while loading. */
  totals: (CurrencyTotal & { almost_nothing?: boolean })[] | null;
  meta: Meta | null;
  /** The month of the API, "2025-09". Null if it is unknown. */
  period: string | null;
  /** Whether that month is over: it then has no last day and no last hour. */
  isOver?: boolean;
  /** What a figure is made of. Undefined: it is not explained, because it is in another currency. */
  subjectOf: (figure: SummaryFigure, total: CurrencyTotal) => ExplainSubject | undefined;
  /** A fourth card. */
  children?: ReactNode;
}

export function SummaryCards({ totals, meta, period, isOver = false, subjectOf, children }: SummaryCardsProps) {
  const { t } = useTranslation('projects');
  const month =
    period === null ? t('monthToDate') : t(isOver ? 'monthOf' : 'monthToDateOf', { month: formatPeriod(period) });
  const figures = (show: (total: CurrencyTotal & { almost_nothing?: boolean }, unit: Unit) => Figure) =>
    totals?.map((total) => show(total, unitOf(total.currency, meta)));
  return (
    <Grid hasGutter span={6} {...(children === undefined ? { md: 4 } : { xl: 3 })} className="billing-summary">
      <SummaryCard
        title={month}
        figures={figures((total, unit) => ({
          figure: formatAmount(total.current_month_total, unit, total.almost_nothing),
          subject: subjectOf('current_month_total', total),
        }))}
      />
      {!isOver && (
        <>
          <SummaryCard
            title={t('lastDay')}
            figures={figures((total, unit) => ({
              figure: formatAmount(total.last_day_spend, unit),
              subject: subjectOf('last_day_spend', total),
            }))}
          />
          <SummaryCard
            title={t('runRate')}
            figures={figures((total, unit) => ({
              figure: formatRate(total.total_cost_per_hour, unit),
              subject: subjectOf('total_cost_per_hour', total),
            }))}
          />
        </>
      )}
      {children}
    </Grid>
  );
}

interface Figure {
  figure: string;
  note?: string | null;
  subject?: ExplainSubject | undefined;
}

interface SummaryCardProps {
  title: string;
  /** Undefined while loading, empty if unknown. */
  figures: Figure[] | undefined;
}

export function SummaryCard({ title, figures }: SummaryCardProps) {
  const { t } = useTranslation();
  return (
    <GridItem>
      <Card isCompact isFullHeight>
        <CardBody>
          <DescriptionList displaySize="2xl">
            <DescriptionListGroup>
              <DescriptionListTerm>{title}</DescriptionListTerm>
              {figures === undefined && <FigureSkeleton />}
              {figures?.length === 0 && <DescriptionListDescription>{t('unknown')}</DescriptionListDescription>}
              {figures?.map(({ figure, note, subject }) => (
                <DescriptionListDescription key={figure} className="billing-break">
                  {subject === undefined ? (
                    figure
                  ) : (
                    <Explained subject={subject} name={title}>
                      {figure}
                    </Explained>
                  )}
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
    </DescriptionListDescription>
  );
}
