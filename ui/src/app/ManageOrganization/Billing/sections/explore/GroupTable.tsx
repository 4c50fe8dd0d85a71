import { Button, Title } from '@patternfly/react-core';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';

import type { Meta, Trend } from '../../api/models';
import { Swatch } from '../../charts/marks';
import { useAlmostNothing } from '../../components/useAlmostNothing';
import { formatTime } from '../../dates';
import { Explained } from '../../explain/Explained';
import { monthOf } from '../../explain/subject';
import { PlainTable } from '../../explain/PlainTable';
import { formatAmount, formatDifference } from '../../money';
import { withFilter } from './filters';
import type { GroupRow } from './groups';
import { subjectOf } from './subjects';
import type { Choice, Explore } from './useExplore';

export interface NamedRow {
  row: GroupRow;
  name: string;
}

interface GroupTableProps {
  chart: string;
  trend: Trend;
  meta: Meta;
  rows: readonly NamedRow[];
  choice: Choice;
  onChange: Explore['change'];
}

/** The groups of the complete period, and what they were in the period before. */
export const GroupTable = memo(function GroupTable(props: GroupTableProps) {
  const { trend, meta, rows, choice } = props;
  const { t } = useTranslation('explore');
  const { compare, total } = trend;
  const isCompared = compare != null;
  const isFiltered = choice.include.length + choice.exclude.length > 0;
  const almostNothing = useAlmostNothing(choice.groupBy === 'project' && !isFiltered ? monthOf(choice) : null);
  const head = [t('group'), t('cost'), ...(isCompared ? [t('before'), t('difference')] : []), t('filters')];
  return (
    <section>
      <Title headingLevel="h2" size="lg">
        {t('groupsTable')}
      </Title>
      {isCompared && (
        <p className="billing-note">
          {beforeText(t('noComparison'), compare, meta, (range) => t('beforeRange', { range }))}
        </p>
      )}
      <PlainTable name={t('groupsTable')} head={head} firstNumber={1} texts={[head.length - 1]}>
        {rows.map((one) => (
          <Row key={one.row.key} {...props} {...one} isAlmostNothing={almostNothing.has(one.row.namespace ?? '')} />
        ))}
        <tr className="billing-totals">
          <th scope="row">{t('total')}</th>
          <td className="billing-right">
            <Explained subject={subjectOf(choice, t('total'), null, total)} name={t('total')}>
              {formatAmount(total, meta)}
            </Explained>
          </td>
          {isCompared && (
            <>
              <td className="billing-right">{compare.total === null ? '–' : formatAmount(compare.total, meta)}</td>
              <td className="billing-right">
                {compare.difference === null ? '–' : formatDifference(compare.difference, meta)}
              </td>
            </>
          )}
          <td />
        </tr>
      </PlainTable>
    </section>
  );
});

function beforeText(
  none: string,
  compare: NonNullable<Trend['compare']>,
  meta: Meta,
  text: (range: string) => string,
): string {
  if (compare.total === null || compare.from === null || compare.to === null) {
    return none;
  }
  const [from, to] = [compare.from, compare.to].map((moment) => formatTime(new Date(moment), meta.time_zone));
  return text(`${from ?? ''} – ${to ?? ''}`);
}

interface RowProps extends GroupTableProps, NamedRow {
  isAlmostNothing: boolean;
}

function Row({ chart, trend, meta, choice, onChange, row, name, isAlmostNothing }: RowProps) {
  const { filter } = row;
  const amount = formatAmount(row.amount, meta, isAlmostNothing);
  return (
    <tr>
      <th scope="row" className="billing-break">
        {row.mark !== null && <Swatch chart={chart} mark={row.mark} />} {name}
      </th>
      <td className="billing-right">
        {filter === null ? (
          amount
        ) : (
          <Explained subject={subjectOf(choice, name, filter, row.amount)} name={name}>
            {amount}
          </Explained>
        )}
      </td>
      {trend.compare != null && <Compared row={row} meta={meta} />}
      <td>
        {filter !== null && (
          <GroupFilters
            name={name}
            onOnly={() => {
              onChange({ include: withFilter(choice.include, filter) });
            }}
            onWithout={() => {
              onChange({ exclude: withFilter(choice.exclude, filter) });
            }}
          />
        )}
      </td>
    </tr>
  );
}

/** Nothing is known of the period before, or of a sum that only rounds: a dash. */
function Compared({ row: { before, difference }, meta }: { row: GroupRow; meta: Meta }) {
  return (
    <>
      <td className="billing-right">{before === undefined ? '–' : formatAmount(before, meta)}</td>
      <td className="billing-right">{difference === undefined ? '–' : formatDifference(difference, meta)}</td>
    </>
  );
}

interface GroupFiltersProps {
  name: string;
  onOnly: () => void;
  onWithout: () => void;
}

function GroupFilters({ name, onOnly, onWithout }: GroupFiltersProps) {
  const { t } = useTranslation('explore');
  return (
    <span className="billing-actions" role="group" aria-label={t('filtersOfGroup', { name })}>
      <Button variant="link" isInline onClick={onOnly} aria-label={t('onlyNamed', { name })}>
        {t('only')}
      </Button>
      <Button variant="link" isInline onClick={onWithout} aria-label={t('withoutNamed', { name })}>
        {t('without')}
      </Button>
    </span>
  );
}
