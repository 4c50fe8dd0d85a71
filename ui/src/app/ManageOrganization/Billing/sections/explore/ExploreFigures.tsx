import { EmptyState, EmptyStateBody } from '@patternfly/react-core';
import { lazy, useCallback, useId, useMemo } from 'react';
import { useTranslation } from 'react-i18next';

import type { Fresh, Trend } from '../../api/models';
import { LABEL_WIDTH } from '../../charts/Bars';
import { ChartFigure } from '../../charts/ChartFigure';
import type { Plot } from '../../charts/scale';
import { ListPriceNotice } from '../../components/Notices';
import { useSteadyOrder } from '../../components/useSteadyOrder';
import { formatTick } from '../../money';
import { BucketTable } from './BucketTable';
import { ExploreNotices } from './ExploreNotices';
import { GroupTable } from './GroupTable';
import type { Choice, Explore } from './useExplore';
import { useFigures } from './useFigures';

const StackedBars = lazy(() => import('../../charts/StackedBars'));

interface ExploreFiguresProps {
  fresh: Fresh<Trend>;
  choice: Choice;
  scopeName: string;
  /** The figures are those of the view before. */
  isUpdating: boolean;
  onChange: Explore['change'];
}

export function ExploreFigures({ fresh, choice, scopeName, isUpdating, onChange }: ExploreFiguresProps) {
  const { t } = useTranslation('explore');
  const { data: trend } = fresh;
  const isFiltered = choice.include.length + choice.exclude.length > 0;
  return (
    <div className="billing-stack billing-explore" aria-busy={isUpdating}>
      <span role="status" className="pf-v6-screen-reader">
        {isUpdating && t('updating')}
      </span>
      <ListPriceNotice meta={fresh.meta} />
      <ExploreNotices fresh={fresh} />
      {trend.total === null || (isFiltered && trend.groups.length === 0) ? (
        <Nothing isFiltered={isFiltered} isOver={isOver(fresh)} />
      ) : (
        <Figures fresh={fresh} choice={choice} scopeName={scopeName} isUpdating={isUpdating} onChange={onChange} />
      )}
    </div>
  );
}

function Figures({ fresh, choice, scopeName, isUpdating, onChange }: ExploreFiguresProps) {
  const { data: trend, meta } = fresh;
  const { rows, series, bars, points, ticks, names, title, finding } = useFigures(fresh, choice.scope.kind);
  const id = useId();
  const format = useCallback((amount: number, top: number) => formatTick(amount, top, meta), [meta]);
  const chart = useCallback(
    (plot: Plot) => <StackedBars plot={plot} chart={id} series={series} buckets={bars} ticks={ticks} format={format} />,
    [id, series, bars, ticks, format],
  );
  const named = useMemo(() => rows.map((row) => ({ row, name: names.row(row) })), [rows, names]);
  const { rows: shown, hold } = useSteadyOrder(named, ({ row }) => row.key, `${JSON.stringify(choice)} ${isUpdating}`);
  return (
    <>
      <ChartFigure
        chart={id}
        title={`${title}, ${scopeName}`}
        finding={finding}
        points={points}
        spread="bars"
        labelWidth={LABEL_WIDTH}
      >
        {chart}
      </ChartFigure>
      <div className="billing-stack" {...hold}>
        <GroupTable chart={id} trend={trend} meta={meta} rows={shown} choice={choice} onChange={onChange} />
        <BucketTable trend={trend} meta={meta} rows={shown} choice={choice} bucketName={names.bucket} />
      </div>
    </>
  );
}

/** Whether the period has ended: nothing comes to it any more. */
function isOver({ data: { to }, sentAt }: Fresh<Trend>): boolean {
  return sentAt !== null && Date.parse(to) <= sentAt.getTime();
}

function Nothing({ isFiltered, isOver }: { isFiltered: boolean; isOver: boolean }) {
  const { t } = useTranslation('explore');
  return (
    <EmptyState titleText={t(isFiltered ? 'noMatchTitle' : 'nothingTitle')} headingLevel="h2">
      <EmptyStateBody>{t(isFiltered ? 'noMatchBody' : isOver ? 'nothingBodyOver' : 'nothingBody')}</EmptyStateBody>
    </EmptyState>
  );
}
