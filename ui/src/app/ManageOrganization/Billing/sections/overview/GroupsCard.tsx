import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';

import { type Scope, viewQuery } from '../../address';
import type { Fresh, Schemas, Trend } from '../../api/models';
import { useBilling } from '../../BillingProvider';
import { ProjectLink } from '../../components/ProjectLink';
import { Sparkline } from '../../components/Sparkline';
import { useAlmostNothing } from '../../components/useAlmostNothing';
import { usePrinting } from '../../components/usePrinting';
import { useSteadyOrder } from '../../components/useSteadyOrder';
import { Explained } from '../../explain/Explained';
import { trendRange } from '../../explain/subject';
import { completeDays, dailyCosts } from '../../history';
import { formatAmount, formatChange, formatDifference } from '../../money';
import { filterOf } from './groupFilter';
import type { Group } from './useOverviewData';

const MOST_ROWS = 6;

interface GroupsCardProps {
  fresh: Fresh<Trend>;
  history: Trend | undefined;
  scope: Scope;
  /** Number of projects of the caller. */
  count: number;
  isThisMonth: boolean;
}

/** The projects with their change and the last 30 days; of a project, its SKUs. */
export function GroupsCard({ fresh, history, scope, count, isThisMonth }: GroupsCardProps) {
  const { t } = useTranslation(['overview', 'common']);
  const { data } = fresh;
  const isProjects = scope.kind === 'organization';
  const days = useMemo(() => (isProjects ? dailyCosts(history) : null), [isProjects, history]);
  const almostNothing = useAlmostNothing(isThisMonth ? 'running' : null);
  const rounding = data.rounding ?? 0;
  const groups = useMemo(() => data.groups.map((group, index) => ({ group, index })), [data.groups]);
  const { rows, hold } = useSteadyOrder(groups, ({ group }) => keyOf(group), `${data.from} ${data.group_by}`);
  const shown = usePrinting() ? rows : rows.slice(0, MOST_ROWS);
  return (
    <Card isCompact isFullHeight>
      <CardTitle component="h2">{t(isProjects ? 'projects' : 'skus')}</CardTitle>
      <CardBody>
        <table aria-label={t(isProjects ? 'projectsTable' : 'skusTable')} className="billing-groups" {...hold}>
          <thead>
            <tr>
              <th scope="col">{isProjects ? t('common:project') : t('sku')}</th>
              <th scope="col" className="billing-number">
                {t('amount')}
              </th>
              <th scope="col" className="billing-number">
                {t('before')}
              </th>
              <th scope="col" className="billing-spark-column">
                {t(isProjects ? 'trend' : 'trendPeriod')}
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ group, index }) => (
              <GroupRow
                key={keyOf(group)}
                group={group}
                change={changeOf(index, data.compare)}
                scope={scope}
                fresh={fresh}
                almostNothing={isProjects && almostNothing.has(group.namespace ?? '')}
                days={
                  days === null
                    ? completeDays(data.buckets).map((bucket) => bucket.groups?.[index] ?? null)
                    : (days.get(group.namespace ?? '') ?? null)
                }
              />
            ))}
            {rounding !== 0 && data.rest === null && shown.length === data.groups.length && (
              <tr>
                <th scope="row">{t('rounding')}</th>
                <td className="billing-number">{formatAmount(rounding, fresh.meta)}</td>
                <td />
                <td className="billing-spark-column" />
              </tr>
            )}
          </tbody>
        </table>
        <MoreLink scope={scope} count={count} />
      </CardBody>
    </Card>
  );
}

function keyOf({ name, uid }: Group): string {
  return `${name ?? ''} ${uid ?? ''}`;
}

interface GroupRowProps {
  group: Group;
  scope: Scope;
  change: Schemas['Compared'] | null;
  fresh: Fresh<Trend>;
  almostNothing: boolean;
  days: readonly (number | null)[] | null;
}

function GroupRow({ group, scope, change, fresh, almostNothing, days }: GroupRowProps) {
  const { t } = useTranslation(['overview', 'common']);
  const name = group.name ?? t('unlabelled');
  const isProject = scope.kind === 'organization';
  const { data, meta: unit } = fresh;
  const filter = filterOf(group);
  return (
    <tr>
      <th scope="row">{isProject && group.namespace != null ? <ProjectLink namespace={group.namespace} /> : name}</th>
      <td className="billing-number">
        <Explained
          subject={{ kind: 'range', title: name, scope, query: trendRange(data, filter), shown: group.amount }}
          name={`${t('amount')}, ${name}`}
        >
          {formatAmount(group.amount, unit, almostNothing)}
        </Explained>
      </td>
      <td className="billing-number">
        {change === null ? (
          '–'
        ) : (
          <Explained
            subject={{
              kind: 'change',
              title: name,
              scope,
              filter,
              compared: { ...change, after: group.amount },
              fresh,
            }}
            name={`${t('before')}, ${name}`}
          >
            {`${formatDifference(change.difference, unit)}${change.ratio == null ? '' : ` (${formatChange(change.ratio)})`}`}
          </Explained>
        )}
      </td>
      <td className="billing-spark-column">
        <Sparkline name={name} days={days} unit={unit} />
      </td>
    </tr>
  );
}

/** Null: there is no earlier figure. */
function changeOf(index: number, compare: Schemas['Comparison'] | undefined): Schemas['Compared'] | null {
  return compare?.total == null ? null : (compare.shown?.[index] ?? null);
}

function MoreLink({ scope, count }: { scope: Scope; count: number }) {
  const { t } = useTranslation('overview');
  const { basePath } = useBilling();
  const [params] = useSearchParams();
  const search = viewQuery(params, { scope: { kind: 'organization' } }).toString();
  return scope.kind === 'organization' ? (
    <Link to={{ pathname: `${basePath}projects`, search }}>{t('allProjects', { count })}</Link>
  ) : (
    <Link to={{ pathname: `${basePath}projects/${scope.namespace}`, search }}>{t('openProject')}</Link>
  );
}
