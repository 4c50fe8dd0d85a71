import { useTranslation } from 'react-i18next';

import type { ProjectList } from '../api/models';

/**
 * "All of acme" for an org-admin, "Your 2 projects in acme" for a user who gets the own projects only.
 */
export function useScopeName(list: ProjectList | undefined): string {
  const { t } = useTranslation();
  if (list === undefined) {
    return t('scopeUnknown');
  }
  const { organization } = list;
  return isWholeOrganization(list)
    ? t('scopeOfAdmin', { organization })
    : t('scopeOfMember', { organization, count: list.total });
}

/** Whether the list has all projects of the organization. */
export function isWholeOrganization(list: ProjectList): boolean {
  const { scope } = list as { scope?: { namespaces: string[] | null } };
  return scope?.namespaces === null;
}
