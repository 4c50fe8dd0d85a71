import { billingSummaryShape, currencyTotalShape, list, object, projectListShape, projectShape } from '../checks';
import type { Fresh, ProjectList } from '../models';
import { type BillingApi, get } from '../request';

/**
 * Fetches the complete list in one call. Searching, sorting and paging are local. `period` is a month, "2026-11"; the
 * default is the running month.
 */
export function fetchProjects(
  api: BillingApi,
  signal: AbortSignal,
  period?: string,
  previous?: Fresh<ProjectList>,
): Promise<Fresh<ProjectList>> {
  const path = `api/billing/projects?limit=1000${period === undefined ? '' : `&period=${period}`}`;
  return get(api, path, checkProjectList, signal, previous);
}

function checkProjectList(data: unknown): ProjectList {
  const checked = object(data, 'data', projectListShape);
  for (const item of list(checked.projects, 'data.projects')) {
    const project = object(item, 'project', projectShape);
    if (project.billing_summary !== null) {
      object(project.billing_summary, 'project.billing_summary', billingSummaryShape);
    }
  }
  for (const total of list(checked.totals, 'data.totals')) {
    object(total, 'total', currencyTotalShape);
  }
  return data as ProjectList;
}
