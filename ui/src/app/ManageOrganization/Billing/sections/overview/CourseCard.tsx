import { Card, CardBody } from '@patternfly/react-core';
import { lazy, type ReactNode, useMemo } from 'react';
import { useTranslation } from 'react-i18next';

import type { Forecast, Fresh, Trend } from '../../api/models';
import { ChartFigure, type ChartPoint } from '../../charts/ChartFigure';
import { LineLegend } from '../../charts/LineLegend';
import { formatDay } from '../../dates';
import { formatAmount, formatAmountRange, formatTick, type Unit } from '../../money';
import { type Course, courseOf, dayOf } from './course';

const LineChart = lazy(() => import('../../charts/LineChart'));

/** The height of the chart with its heading, so that nothing moves when it comes. */
export const COURSE_HEIGHT = '14rem';
const PLOT_HEIGHT = 156;
const LABEL_WIDTH = 96;

interface CourseCardProps {
  fresh: Fresh<Trend>;
  history: Trend | undefined;
  forecast: Forecast | undefined;
  /** The level line. Null: there is no budget. */
  budget: number | null;
  isThisMonth: boolean;
  /** On a plan: the amounts are not what is invoiced. */
  isListPrice: boolean;
}

/** This month solid, last month thin, the forecast as a band, the budget as a level line. */
export function CourseCard({ fresh, history, forecast, budget, isThisMonth, isListPrice }: CourseCardProps) {
  const { t } = useTranslation('overview');
  const { data, meta } = fresh;
  const course = useMemo(() => courseOf(data, meta, history, forecast), [data, meta, history, forecast]);
  const points = usePoints(course, meta, forecast, budget, isThisMonth);
  const finding = useFinding(fresh, forecast);
  const format = useMemo(() => (amount: number, top: number) => formatTick(amount, top, meta), [meta]);
  const hasForecast = course.forecast.some((amount) => amount !== null);
  const lines = useMemo(
    () => [
      { name: t(isThisMonth ? 'courseThis' : 'coursePeriod'), kind: 'main' as const, amounts: course.main },
      ...(course.earlier.some((amount) => amount !== null)
        ? [{ name: t('courseLast'), kind: 'earlier' as const, amounts: course.earlier }]
        : []),
      ...(hasForecast ? [{ name: '', kind: 'forecast' as const, amounts: course.forecast }] : []),
      ...(budget === null
        ? []
        : [{ name: t('courseBudget'), kind: 'level' as const, amounts: course.main.map(() => budget) }]),
    ],
    [t, isThisMonth, course, hasForecast, budget],
  );
  const ticks = useMemo(
    () => course.days.map((day, index) => (isThisMonth ? String(index + 1) : formatDay(day))),
    [course.days, isThisMonth],
  );
  return (
    <ChartFigure
      title={t(isListPrice ? 'courseListPrice' : 'course')}
      finding={finding}
      points={points}
      spread="line"
      height={PLOT_HEIGHT}
      labelWidth={LABEL_WIDTH}
      legend={
        <LineLegend lines={lines.map((line) => (line.name === '' ? { ...line, name: t('courseForecast') } : line))} />
      }
    >
      {(plot) => (
        <LineChart
          plot={plot}
          lines={lines}
          ticks={ticks}
          format={format}
          {...(hasForecast && { band: { name: t('courseForecast'), low: course.low, high: course.high } })}
        />
      )}
    </ChartFigure>
  );
}

function usePoints(
  course: Course,
  unit: Unit,
  forecast: Forecast | undefined,
  budget: number | null,
  isThisMonth: boolean,
): ChartPoint[] {
  const { t } = useTranslation('overview');
  return useMemo(() => {
    const known = (name: string, amount: number | null | undefined) =>
      amount == null ? [] : [{ name, text: formatAmount(amount, unit) }];
    const end = course.days.findLastIndex((day) => day !== '');
    return course.days.map((day, index) => ({
      name: day === '' ? String(index + 1) : formatDay(day, { weekday: true }),
      figures: [
        ...known(t(isThisMonth ? 'courseThis' : 'coursePeriod'), course.main[index]),
        ...known(t('courseLast'), course.earlier[index]),
        ...(index === end && forecast?.total.low != null
          ? [{ name: t('courseForecast'), text: formatAmountRange(forecast.total.low, forecast.total.high, unit) }]
          : []),
        ...(day !== '' && course.main[index] === null && course.forecast[index] === null
          ? [{ name: t(isThisMonth ? 'courseThis' : 'coursePeriod'), text: t('courseNoData') }]
          : []),
        ...known(t('courseBudget'), budget),
      ],
    }));
  }, [t, course, unit, forecast, budget, isThisMonth]);
}

function useFinding({ data, meta }: Fresh<Trend>, forecast: Forecast | undefined): string {
  const { t } = useTranslation('overview');
  const last = data.buckets.findLast(({ amount }) => amount !== null);
  if (last === undefined || data.total === null) {
    return t('findingNothing');
  }
  const spent = formatAmount(data.total, meta);
  const day = formatDay(dayOf(last, meta));
  const { low, high } = forecast?.total ?? {};
  const gaps = data.buckets.filter(({ state }) => state === 'no_data').length;
  const sentence =
    low == null || forecast?.remaining.p50 == null
      ? t('findingSpent', { spent, day })
      : t('findingForecast', { spent, day, range: formatAmountRange(low, high, meta) });
  return gaps > 0 ? `${sentence} ${t('findingGaps', { count: gaps })}` : sentence;
}

export function CourseFrame({ children }: { children: ReactNode }) {
  return (
    <Card isFullHeight isCompact>
      <CardBody>{children}</CardBody>
    </Card>
  );
}
