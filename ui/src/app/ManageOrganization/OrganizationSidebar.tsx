import { Nav, NavGroup, NavItem, PageSidebar, PageSidebarBody } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useSearchParams } from 'react-router';

import { viewQuery } from './Billing/address';
import { useBilling } from './Billing/BillingProvider';
import { sectionAt, SECTIONS } from './Billing/sections';

/** A section's link keeps the scope and the period of the view, also from the page of a project. */
export function OrganizationSidebar() {
  const { t } = useTranslation();
  const { basePath } = useBilling();
  const { pathname } = useLocation();
  const [params] = useSearchParams();
  const onPage = pathname.startsWith(`${basePath}projects/`) ? pathname.slice(`${basePath}projects/`.length) : '';
  const searchOf = (name: string) =>
    onPage === '' || name === 'projects'
      ? viewQuery(params).toString()
      : viewQuery(params, { scope: { kind: 'project', namespace: decodeURIComponent(onPage) } }).toString();
  const current = `${pathname}/`.startsWith(basePath) ? sectionAt(pathname.slice(basePath.length)) : undefined;
  return (
    <PageSidebar>
      <PageSidebarBody>
        <Nav aria-label={t('navigation')}>
          <NavGroup title={t('title')}>
            {SECTIONS.map(({ name, path }) => (
              <NavItem key={name} isActive={name === current?.name}>
                <Link to={{ pathname: basePath + path, search: searchOf(name) }}>{t(name)}</Link>
              </NavItem>
            ))}
          </NavGroup>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
}
