import {
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from '@patternfly/react-core';

import type { Overview } from '../api/models';
import { formatRate } from '../money';
import { texts } from '../texts';

export function ComputeCard({ overview }: { overview: Overview }) {
  const { compute_instances: compute, billing_summary: summary } = overview;
  const number = new Intl.NumberFormat(texts.locale, { maximumFractionDigits: 2 });
  const facts = [
    [texts.runningPods, number.format(compute.running_pods)],
    [texts.runningVms, number.format(compute.running_vms)],
    [texts.cpuCores, number.format(compute.cpu_cores)],
    [texts.memory, texts.gibibytes(number.format(compute.memory_gib))],
    [texts.computePerHour, formatRate(compute.cost_per_hour, summary.currency)],
  ] as const;
  return (
    <Card isFullHeight>
      <CardTitle component="h2">{texts.compute}</CardTitle>
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
