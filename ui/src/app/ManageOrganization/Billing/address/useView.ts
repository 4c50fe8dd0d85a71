import { useCallback, useMemo } from 'react';
import { useParams, useSearchParams } from 'react-router';

import { valuesOf, withValues } from './parameters';
import { VIEW, type View, viewOf } from './view';

/**
 * The scope and the period of the address, and a setter that adds to the history. On the page of a project the scope
 * is that project.
 */
export function useView(): View & { setView: (part: Partial<View>) => void } {
  const { namespace } = useParams();
  const [params, setParams] = useSearchParams();
  const view = useMemo(() => {
    const chosen = viewOf(valuesOf(VIEW, params));
    return namespace === undefined ? chosen : { ...chosen, scope: { kind: 'project' as const, namespace } };
  }, [params, namespace]);
  const setView = useCallback(
    (part: Partial<View>) => {
      setParams((now) =>
        withValues(VIEW, now, {
          ...(part.scope && { project: part.scope }),
          ...(part.period && { period: part.period }),
        }),
      );
    },
    [setParams],
  );
  return { ...view, setView };
}

/** The query of a link to another section: scope, period and organization stay, the section's own parameters go. */
export function viewQuery(params: URLSearchParams, part: Partial<View> = {}): URLSearchParams {
  const kept = new URLSearchParams([...params].filter(([name]) => name === 'organization' || name in VIEW));
  return withValues(VIEW, kept, {
    ...(part.scope && { project: part.scope }),
    ...(part.period && { period: part.period }),
  });
}
