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
import { formatRate, type Unit } from '../../money';

export function ComputeCard({ overview, unit }: { overview: Overview; unit: Unit }) {
  const { t } = useTranslation('projects');
  const { compute_instances: compute } = overview;
  const number = new Intl.NumberFormat(locale(), { maximumFractionDigits: 2 });
  const facts = [
    [t('runningPods'), number.format(compute.running_pods)],
    [t('runningVms'), number.format(compute.running_vms)],
    [t('cpuCores'), number.format(compute.cpu_cores)],
    [t('memory'), t('gibibytes', { amount: number.format(compute.memory_gib) })],
    [t('computePerHour'), formatRate(compute.cost_per_hour, unit)],
  ] as const;
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
        </DescriptionList>
      </CardBody>
    </Card>
  );
}
