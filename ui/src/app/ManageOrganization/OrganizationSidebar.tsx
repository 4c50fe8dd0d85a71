import { Nav, NavItem, NavList, PageSidebar, PageSidebarBody } from '@patternfly/react-core';
import { Link, useLocation } from 'react-router';

import { useBilling } from './Billing/BillingProvider';
import { texts } from './Billing/texts';

export function OrganizationSidebar() {
  const { basePath } = useBilling();
  const { pathname, search } = useLocation();
  return (
    <PageSidebar>
      <PageSidebarBody>
        <Nav aria-label={texts.navigation}>
          <NavList>
            <NavItem isActive={`${pathname}/`.startsWith(basePath)}>
              <Link to={{ pathname: basePath, search }}>{texts.billing}</Link>
            </NavItem>
          </NavList>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
}
