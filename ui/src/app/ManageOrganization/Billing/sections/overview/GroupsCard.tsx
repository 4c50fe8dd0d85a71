import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';

import { type Scope, viewQuery } from '../../address';
import type { Fresh, Schemas, Trend } from '../../api/models';
import { useBilling } from '../../BillingProvider';
import { ProjectLink } from '../../components/ProjectLink';
import { Sparkline } from '../../components/Sparkline';
import { usePrinting } from '../../components/usePrinting';
import { dailyCosts } from '../../history';
import { formatAmount, formatChange, formatDifference, type Unit } from '../../money';
import type { Group } from './useOverviewData';

const MOST_ROWS = 6;

interface GroupsCardProps {
  fresh: Fresh<Trend>;
  history: Trend | undefined;
  scope: Scope;
  /** Number of projects of the caller. */
  count: number;
}

/** The projects with their change and the last 30 days; of a project, its SKUs. */
export function GroupsCard({ fresh: { data, meta }, history, scope, count }: GroupsCardProps) {
  const { t } = useTranslation(['overview', 'common']);
  const isProjects = scope.kind === 'organization';
  const days = useMemo(() => (isProjects ? dailyCosts(history) : null), [isProjects, history]);
  const shown = usePrinting() ? data.groups : data.groups.slice(0, MOST_ROWS);
  return (
    <Card isCompact isFullHeight>
      <CardTitle component="h2">{t(isProjects ? 'projects' : 'skus')}</CardTitle>
      <CardBody>
        <table aria-label={t(isProjects ? 'projectsTable' : 'skusTable')} className="billing-groups">
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
            {shown.map((group, index) => (
              <GroupRow
                key={`${group.name ?? ''} ${group.uid ?? ''}`}
                group={group}
                isProject={isProjects}
                compare={data.compare}
                unit={meta}
                days={
                  days === null
                    ? data.buckets.map((bucket) => bucket.groups?.[index] ?? null)
                    : (days.get(group.namespace ?? '') ?? null)
                }
              />
            ))}
          </tbody>
        </table>
        <MoreLink scope={scope} count={count} />
      </CardBody>
    </Card>
  );
}

interface GroupRowProps {
  group: Group;
  isProject: boolean;
  compare: Schemas['Comparison'] | undefined;
  unit: Unit;
  days: readonly (number | null)[] | null;
}

function GroupRow({ group, isProject, compare, unit, days }: GroupRowProps) {
  const { t } = useTranslation(['overview', 'common']);
  const name = group.name ?? t('unlabelled');
  const change = changeOf(group, compare);
  return (
    <tr>
      <th scope="row">{isProject && group.namespace != null ? <ProjectLink namespace={group.namespace} /> : name}</th>
      <td className="billing-number">{formatAmount(group.amount, unit)}</td>
      <td className="billing-number">
        {change === null ? (
          '–'
        ) : (
          <>
            {formatDifference(change.difference, unit)}
            {change.ratio != null && <span className="billing-note">{formatChange(change.ratio)}</span>}
          </>
        )}
      </td>
      <td className="billing-spark-column">
        <Sparkline name={name} days={days} unit={unit} />
      </td>
    </tr>
  );
}

interface ChangeOfGroup {
  difference: number;
  ratio?: number | null;
}

/** The API sends it with each group; an older API only has the largest changes. Null: there is no earlier figure. */
function changeOf(group: Group, compare: Schemas['Comparison'] | undefined): ChangeOfGroup | null {
  const own = group as { difference?: number | null; ratio?: number | null };
  if (own.difference != null) {
    return { difference: own.difference, ...(own.ratio != null && { ratio: own.ratio }) };
  }
  const found = compare?.groups.find(
    ({ name, namespace, uid }) => name === group.name && namespace === group.namespace && uid === group.uid,
  );
  return found === undefined || compare?.total == null ? null : { difference: found.difference };
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
