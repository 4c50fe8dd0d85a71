import { Card, CardBody, Skeleton } from '@patternfly/react-core';

const CARDS = ['plan', 'pool', 'projects'];
const LINES = ['one', 'two', 'three', 'four', 'five'];

export function PlanSkeleton() {
  return CARDS.map((card) => (
    <Card key={card}>
      <CardBody>
        {LINES.map((line) => (
          <Skeleton key={line} className="billing-gap-above" />
        ))}
      </CardBody>
    </Card>
  ));
}
