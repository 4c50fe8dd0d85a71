import {
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Overview } from '../../api/models';
import { locale } from '../../i18n';
import { Explained } from '../../explain/Explained';
import { hourOf, type RangeSubject } from '../../explain/subject';
import { formatRate, type Unit } from '../../money';

interface ComputeCardProps {
  overview: Overview;
  unit: Unit;
  /** End of the newest hour. */
  asOf: string | null;
}

export function ComputeCard({ overview, unit, asOf }: ComputeCardProps) {
  const { t } = useTranslation('projects');
  const { compute_instances: compute } = overview;
  const number = new Intl.NumberFormat(locale(), { maximumFractionDigits: 2 });
  const facts = [
    [t('runningPods'), number.format(compute.running_pods)],
    [t('runningVms'), number.format(compute.running_vms)],
    [t('cpuCores'), number.format(compute.cpu_cores)],
    [t('memory'), t('gibibytes', { amount: number.format(compute.memory_gib) })],
  ] as const;
  const rate = formatRate(compute.cost_per_hour, unit);
  return (
    <Card isFullHeight>
      <CardTitle component="h2">{t('compute')}</CardTitle>
      <CardBody>
        <DescriptionList isHorizontal isCompact>
          {facts.map(([term, value]) => (
            <DescriptionListGroup key={term}>
              <DescriptionListTerm>{term}</DescriptionListTerm>
              <DescriptionListDescription>{value}</DescriptionListDescription>
            </DescriptionListGroup>
          ))}
          <DescriptionListGroup>
            <DescriptionListTerm>{t('computePerHour')}</DescriptionListTerm>
            <DescriptionListDescription>
              {asOf === null ? (
                rate
              ) : (
                <Explained
                  subject={lastHour(overview.namespace, asOf, t('computePerHour'))}
                  name={`${t('computePerHour')}, ${overview.namespace}`}
                >
                  {rate}
                </Explained>
              )}
            </DescriptionListDescription>
          </DescriptionListGroup>
        </DescriptionList>
      </CardBody>
    </Card>
  );
}

const HOUR = 3_600_000;

/** CPU and memory of the newest hour. */
function lastHour(namespace: string, asOf: string, title: string): RangeSubject {
  const from = new Date(new Date(asOf).getTime() - HOUR).toISOString();
  return {
    kind: 'range',
    title,
    scope: { kind: 'project', namespace },
    query: { from: hourOf(from), to: hourOf(asOf), include: 'component:cpu,component:memory' },
  };
}
