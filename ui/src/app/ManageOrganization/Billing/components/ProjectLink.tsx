import { Link, useSearchParams } from 'react-router';

import { useBilling } from '../BillingProvider';

/** To the page of a project. The period stays, and the order of the list for the way back. */
export function ProjectLink({ namespace }: { namespace: string }) {
  const { basePath } = useBilling();
  const [params] = useSearchParams();
  const kept = new URLSearchParams(params);
  kept.delete('project');
  const pathname = `${basePath}projects/${encodeURIComponent(namespace)}`;
  return <Link to={{ pathname, search: kept.toString() }}>{namespace}</Link>;
}
