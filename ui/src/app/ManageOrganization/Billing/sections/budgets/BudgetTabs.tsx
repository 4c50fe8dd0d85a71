import { Nav, NavItem, NavList } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';

import { useBilling } from '../../BillingProvider';

const TABS = ['budgets', 'channels', 'deliveries'] as const;

/** The three views of the section, each with its own address. */
export function BudgetTabs({ current }: { current: (typeof TABS)[number] }) {
  const { t } = useTranslation('budgets');
  const { basePath } = useBilling();
  const { search } = useLocation();
  return (
    <Nav variant="horizontal-subnav" className="billing-tabs" aria-label={t('tabs')}>
      <NavList>
        {TABS.map((tab) => (
          <NavItem key={tab} isActive={tab === current}>
            <Link to={{ pathname: `${basePath}budgets${tab === 'budgets' ? '' : `/${tab}`}`, search }}>{t(tab)}</Link>
          </NavItem>
        ))}
      </NavList>
    </Nav>
  );
}
