import { Skeleton } from '@patternfly/react-core';

export function ExplainSkeleton() {
  return (
    <>
      <Skeleton fontSize="2xl" width="40%" />
      <Skeleton width="70%" />
      <Skeleton height="12rem" />
    </>
  );
}
