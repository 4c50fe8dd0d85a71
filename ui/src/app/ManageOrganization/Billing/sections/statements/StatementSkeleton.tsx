import { Card, CardBody, Skeleton } from '@patternfly/react-core';

const CARDS = ['invoice', 'usage', 'adjustments'];
const LINES = ['one', 'two', 'three', 'four'];

export function StatementSkeleton() {
  return (
    <>
      <Skeleton width="60%" />
      {CARDS.map((card) => (
        <Card key={card}>
          <CardBody>
            {LINES.map((line) => (
              <Skeleton key={line} className="billing-gap-above" />
            ))}
          </CardBody>
        </Card>
      ))}
    </>
  );
}
