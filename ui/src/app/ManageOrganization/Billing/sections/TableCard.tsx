import { Card, CardBody, CardTitle, Content, Title } from '@patternfly/react-core';
import type { ReactNode } from 'react';

interface TableCardProps {
  title: string;
  hint?: string | undefined;
  children: ReactNode;
}

/** A table with its heading and one sentence about it. */
export function TableCard({ title, hint, children }: TableCardProps) {
  return (
    <Card>
      <CardTitle>
        <Title headingLevel="h2" size="lg">
          {title}
        </Title>
        {hint !== undefined && <Content component="small">{hint}</Content>}
      </CardTitle>
      <CardBody>{children}</CardBody>
    </Card>
  );
}
