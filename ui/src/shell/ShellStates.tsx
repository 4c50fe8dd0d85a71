import {
  ActionGroup,
  Bullseye,
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  Page,
  PageSection,
  Spinner,
  TextInput,
  Title,
} from '@patternfly/react-core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { PAGE_PATH } from './configuration';
import { goToOrganization, normalizedOrganization } from './organization';
import { ShellMasthead } from './ShellMasthead';

/** A page without a session. */
export function ShellPage({ children }: { children: ReactNode }) {
  return (
    <Page masthead={<ShellMasthead account={null} />} isContentFilled>
      <PageSection isFilled>{children}</PageSection>
    </Page>
  );
}

export function NotConfigured({ names }: { names: string[] }) {
  const { t } = useTranslation(['shell', 'common']);
  return (
    <EmptyState titleText={t('notConfiguredTitle')} headingLevel="h1" status="danger">
      <EmptyStateBody>
        {t('notConfiguredBody', { names: names.map((name) => `window.${name}`).join(', ') })}
      </EmptyStateBody>
    </EmptyState>
  );
}

/** The login needs session storage: the verifier of PKCE must survive the way to the provider and back. */
export function StorageBlocked() {
  const { t } = useTranslation(['shell', 'common']);
  return (
    <EmptyState titleText={t('storageTitle')} headingLevel="h1" status="warning">
      <EmptyStateBody>{t('storageBody')}</EmptyStateBody>
    </EmptyState>
  );
}

export function LoggingIn() {
  const { t } = useTranslation(['shell', 'common']);
  return (
    <Bullseye>
      <div role="status">
        <Spinner aria-label={t('loggingIn')} />
      </div>
    </Bullseye>
  );
}

interface LoginFailedProps {
  organization: string;
  /** Null: there is no readable response of the provider. */
  reason: string | null;
  onTryAgain: () => void;
}

export function LoginFailed({ organization, reason, onTryAgain }: LoginFailedProps) {
  const { t } = useTranslation(['shell', 'common']);
  return (
    <EmptyState titleText={t('loginFailedTitle')} headingLevel="h1" status="danger">
      <EmptyStateBody>
        {reason === null ? t('loginUnreachable', { organization }) : t('loginFailedBody', { organization, reason })}
      </EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button onClick={onTryAgain}>{t('common:tryAgain')}</Button>
        </EmptyStateActions>
        <EmptyStateActions>
          <a href={PAGE_PATH}>{t('anotherOrganization')}</a>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

export function ChooseOrganization() {
  const { t } = useTranslation(['shell', 'common']);
  const [name, setName] = useState('');
  const [isWrong, setIsWrong] = useState(false);
  return (
    <Bullseye>
      <Form
        onSubmit={(event) => {
          event.preventDefault();
          const organization = normalizedOrganization(name);
          if (organization === null) {
            setIsWrong(true);
          } else {
            goToOrganization(organization);
          }
        }}
      >
        <Title headingLevel="h1">{t('chooseTitle')}</Title>
        <p>{t('chooseBody')}</p>
        <FormGroup label={t('organizationName')} fieldId="organization" isRequired>
          <TextInput
            id="organization"
            value={name}
            isRequired
            autoComplete="organization"
            validated={isWrong ? 'error' : 'default'}
            aria-describedby="organization-rule"
            onChange={(_event, value) => {
              setName(value);
              setIsWrong(false);
            }}
          />
          <FormHelperText>
            <HelperText id="organization-rule" isLiveRegion>
              <HelperTextItem variant={isWrong ? 'error' : 'default'}>{t('organizationRule')}</HelperTextItem>
            </HelperText>
          </FormHelperText>
        </FormGroup>
        <ActionGroup>
          <Button type="submit">{t('continue')}</Button>
        </ActionGroup>
      </Form>
    </Bullseye>
  );
}
