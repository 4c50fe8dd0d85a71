import { Button, type ButtonProps } from '@patternfly/react-core';
import type { MouseEvent, ReactNode } from 'react';
import { useHref, useLinkClickHandler, useLocation } from 'react-router';

interface LinkButtonProps {
  /** Path. The query of the page stays. */
  to: string;
  variant?: Exclude<ButtonProps['variant'], undefined>;
  children: ReactNode;
}

/** A link to another view that looks like a button. */
export function LinkButton({ to, variant = 'primary', children }: LinkButtonProps) {
  const { search } = useLocation();
  const target = { pathname: to, search };
  const href = useHref(target);
  const follow = useLinkClickHandler(target);
  return (
    <Button
      variant={variant}
      component="a"
      href={href}
      onClick={(event) => {
        follow(event as unknown as MouseEvent<HTMLAnchorElement>); // PatternFly's type is that of a button
      }}
    >
      {children}
    </Button>
  );
}
