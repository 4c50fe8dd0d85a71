import './shell.css';

import {
  Button,
  Dropdown,
  DropdownItem,
  DropdownList,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadMain,
  MastheadToggle,
  MenuToggle,
  PageToggleButton,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import MoonIcon from '@patternfly/react-icons/dist/esm/icons/moon-icon';
import SunIcon from '@patternfly/react-icons/dist/esm/icons/sun-icon';
import { useState } from 'react';

import { texts } from '../app/ManageOrganization/Billing/texts';
import { useTheme } from './theme';

interface ShellMastheadProps {
  /** Account of the logged-in user. Null before the login. */
  account: { name: string; organization: string; onLogOut: () => void } | null;
}

export function ShellMasthead({ account }: ShellMastheadProps) {
  return (
    <Masthead display={{ default: 'inline' }}>
      <MastheadMain>
        {account !== null && (
          <MastheadToggle>
            <PageToggleButton isHamburgerButton aria-label={texts.navigation} />
          </MastheadToggle>
        )}
        <MastheadBrand className="shell-brand">
          <strong>{texts.product}</strong>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isStatic>
          <ToolbarContent>
            <ToolbarItem align={{ default: 'alignEnd' }}>
              <ThemeButton />
            </ToolbarItem>
            {account !== null && (
              <ToolbarItem>
                <AccountMenu {...account} />
              </ToolbarItem>
            )}
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
}

function ThemeButton() {
  const { theme, toggle } = useTheme();
  return (
    <Button
      variant="plain"
      aria-label={theme === 'dark' ? texts.lightTheme : texts.darkTheme}
      icon={theme === 'dark' ? <SunIcon /> : <MoonIcon />}
      onClick={toggle}
    />
  );
}

function AccountMenu({ name, organization, onLogOut }: NonNullable<ShellMastheadProps['account']>) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setIsOpen}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          isExpanded={isOpen}
          aria-label={texts.account(`${name}, ${organization}`)}
          onClick={() => {
            setIsOpen(!isOpen);
          }}
        >
          {name}
        </MenuToggle>
      )}
    >
      <DropdownList>
        <DropdownItem onClick={onLogOut} description={organization}>
          {texts.logOut}
        </DropdownItem>
      </DropdownList>
    </Dropdown>
  );
}
