import { Card, CardBody, CardTitle, Content } from '@patternfly/react-core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';

import { type Scope, todayIn, viewQuery } from '../../address';
import type { Fresh, Schemas, Trend } from '../../api/models';
import { useBilling } from '../../BillingProvider';
import { formatDays } from '../../dates';
import { Explained } from '../../explain/Explained';
import { formatAmounts, formatDifference } from '../../money';
import { filterOf } from './groupFilter';

const MOST = 5;

type Changed = Schemas['ChangedGroup'];

/** The five largest differences to the period before. */
export function ChangesCard({ fresh, scope }: { fresh: Fresh<Trend>; scope: Scope }) {
  const { t } = useTranslation('overview');
  const { data, meta } = fresh;
  const compare = data.compare;
  const changed = (compare?.groups ?? []).filter(({ difference }) => difference !== 0).slice(0, MOST);
  return (
    <Card isCompact isFullHeight>
      <CardTitle component="h2">{t('changes')}</CardTitle>
      <CardBody>
        {compare?.difference == null ? (
          <Content component="p">{noChanges(t, data)}</Content>
        ) : (
          <>
            <Content component="small">
              {t('changesNote', { range: rangeText(compare, meta.time_zone ?? 'UTC') })}
            </Content>
            {changed.length === 0 && <Content component="p">{t('changesNone')}</Content>}
            <ul className="billing-changes">
              {changed.map((group) => (
                <li key={`${group.namespace ?? ''} ${group.name ?? ''} ${group.uid ?? ''}`}>
                  <ChangedGroup group={group} scope={scope} fresh={fresh} />
                </li>
              ))}
            </ul>
          </>
        )}
      </CardBody>
    </Card>
  );
}

/** Why nothing is compared. */
function noChanges(t: TFunction<'overview'>, { total, compare }: Trend): string {
  const others = compare?.other_currencies ?? {};
  if (total === null) {
    return t('changesNoTotal');
  }
  return Object.keys(others).length > 0
    ? t('changesCurrency', { amounts: formatAmounts(others) })
    : t('changesUnknown');
}

function ChangedGroup({ group, scope, fresh }: { group: Changed; scope: Scope; fresh: Fresh<Trend> }) {
  const { t } = useTranslation('overview');
  const unit = fresh.meta;
  const name = group.name ?? t('unlabelled');
  const parts = (['volume', 'price', 'new', 'gone'] as const).filter((part) => group[part] !== 0);
  return (
    <>
      <ExploreLink group={group} scope={scope} label={t('changeLink', { name })}>
        {name}
      </ExploreLink>
      <span className="billing-amount-of">
        <Explained
          subject={{ kind: 'change', title: name, scope, filter: filterOf(group), compared: group, fresh }}
          name={name}
        >
          {formatDifference(group.difference, unit)}
        </Explained>
      </span>
      <span className="billing-note">
        {parts.map((part) => t(part, { amount: formatDifference(group[part], unit) })).join(', ')}
      </span>
    </>
  );
}

interface ExploreLinkProps {
  group: Changed;
  scope: Scope;
  label: string;
  children: string;
}

/** Explore with the project as its scope, or with the SKU as its filter. */
function ExploreLink({ group, scope, label, children }: ExploreLinkProps) {
  const { basePath } = useBilling();
  const [params] = useSearchParams();
  const namespace = group.namespace ?? null;
  const isProject = scope.kind === 'organization' && namespace !== null;
  const search = isProject ? viewQuery(params, { scope: { kind: 'project', namespace } }) : viewQuery(params);
  if (isProject) {
    search.set('group_by', 'sku');
  } else if (group.name !== null) {
    search.set('include', `sku:${group.name}`);
  }
  return (
    <Link
      to={{ pathname: `${basePath}explore`, search: search.toString() }}
      aria-label={label}
      className="billing-break"
    >
      {children}
    </Link>
  );
}

/** The days of the earlier range. Its end is the end of its last hour. */
function rangeText({ from, to }: Schemas['Comparison'], zone: string): string {
  if (from === null || to === null) {
    return '';
  }
  const last = new Date(new Date(to).getTime() - 1);
  return formatDays(todayIn(zone, new Date(from)), todayIn(zone, last));
}
