import './shell.css';

import {
  Button,
  Dropdown,
  DropdownGroup,
  DropdownItem,
  DropdownList,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadMain,
  MastheadToggle,
  MenuToggle,
  PageToggleButton,
} from '@patternfly/react-core';
import MoonIcon from '@patternfly/react-icons/dist/esm/icons/moon-icon';
import SunIcon from '@patternfly/react-icons/dist/esm/icons/sun-icon';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { LANGUAGES } from '../app/ManageOrganization/Billing/i18n/languages';
import { chooseLanguage } from './language';
import { applyTheme, initialTheme, storeTheme } from './theme';

interface ShellMastheadProps {
  /** Account of the logged-in user. Null before the login. */
  account: { name: string; organization: string; onLogOut: () => void } | null;
}

export function ShellMasthead({ account }: ShellMastheadProps) {
  const { t } = useTranslation(['shell', 'common']);
  return (
    <Masthead display={{ default: 'inline' }}>
      <MastheadMain>
        {account !== null && (
          <MastheadToggle>
            <PageToggleButton isHamburgerButton aria-label={t('common:navigation')} />
          </MastheadToggle>
        )}
        <MastheadBrand className="shell-brand">
          <strong>{t('product')}</strong>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <div className="shell-actions">
          <ThemeButton />
          {account !== null && <AccountMenu {...account} />}
        </div>
      </MastheadContent>
    </Masthead>
  );
}

function ThemeButton() {
  const { t } = useTranslation(['shell', 'common']);
  const [theme, setTheme] = useState(initialTheme);
  useEffect(() => {
    applyTheme(theme);
  }, [theme]);
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    storeTheme(next);
    setTheme(next);
  };
  return (
    <Button
      variant="plain"
      aria-label={theme === 'dark' ? t('lightTheme') : t('darkTheme')}
      icon={theme === 'dark' ? <SunIcon /> : <MoonIcon />}
      onClick={toggle}
    />
  );
}

function AccountMenu({ name, organization, onLogOut }: NonNullable<ShellMastheadProps['account']>) {
  const {
    t,
    i18n: { resolvedLanguage },
  } = useTranslation(['shell', 'common']);
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
          className="shell-account-toggle"
          aria-label={t('account', { name, organization })}
          onClick={() => {
            setIsOpen(!isOpen);
          }}
        >
          <bdi className="shell-account">{name}</bdi>
        </MenuToggle>
      )}
    >
      <DropdownGroup label={<bdi className="billing-break">{name}</bdi>}>
        <DropdownList>
          <DropdownItem onClick={onLogOut} description={organization}>
            {t('logOut')}
          </DropdownItem>
        </DropdownList>
      </DropdownGroup>
      <DropdownGroup label={t('language')}>
        <DropdownList>
          {LANGUAGES.map(([language, title]) => (
            <DropdownItem
              key={language}
              lang={language}
              isSelected={language === resolvedLanguage}
              onClick={() => {
                setIsOpen(false);
                void chooseLanguage(language);
              }}
            >
              {title}
            </DropdownItem>
          ))}
        </DropdownList>
      </DropdownGroup>
    </Dropdown>
  );
}
