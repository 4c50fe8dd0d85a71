import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';

import { type Declaration, unusedParameters, type ValuesOf, valuesOf, withValues } from './parameters';
import { OF_THE_LOGIN, VIEW } from './view';

interface Declared {
  /** Of the section that is shown. Null until it is loaded: which parameters are unknown is not clear before. */
  declarations: readonly Declaration[];
  declare: (declaration: Declaration) => () => void;
}

const AddressContext = createContext<Declared | null>(null);

export function AddressProvider({ children }: { children: ReactNode }) {
  const [declarations, setDeclarations] = useState<readonly Declaration[]>([]);
  const declare = useCallback((declaration: Declaration) => {
    const entry = { ...declaration }; // two components may declare the same
    setDeclarations((now) => [...now, entry]);
    return () => {
      setDeclarations((now) => now.filter((one) => one !== entry));
    };
  }, []);
  const declared = useMemo(() => ({ declarations, declare }), [declarations, declare]);
  return <AddressContext value={declared}>{children}</AddressContext>;
}

function useDeclared(): Declared {
  const declared = use(AddressContext);
  if (declared === null) {
    throw new Error('The sections must be inside an AddressProvider');
  }
  return declared;
}

export type SetParameters<D> = (values: Partial<ValuesOf<D>>, how?: { typing: boolean }) => void;

/**
 * The section's own parameters of the address. Declare them in a constant outside of the component. A choice adds to
 * the history; with `{ typing: true }` it replaces the entry. A section without parameters declares `{}`.
 */
export function useSectionParameters<D extends Declaration>(declaration: D): [ValuesOf<D>, SetParameters<D>] {
  const { declare } = useDeclared();
  const [params, setParams] = useSearchParams();
  useEffect(() => declare(declaration), [declare, declaration]);
  const values = useMemo(() => valuesOf(declaration, params), [declaration, params]);
  const set = useCallback<SetParameters<D>>(
    (changed, how) => {
      setParams((now) => withValues(declaration, now, changed), { replace: how?.typing === true });
    },
    [declaration, setParams],
  );
  return [values, set];
}

/** The names in the address that the section does not use. Empty until the section is loaded. */
export function useUnusedParameters(): string[] {
  const { declarations } = useDeclared();
  const [params] = useSearchParams();
  return declarations.length === 0 ? [] : unusedParameters([OF_THE_LOGIN, VIEW, ...declarations], params);
}
