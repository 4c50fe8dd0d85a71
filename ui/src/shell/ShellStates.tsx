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

import { texts } from '../app/ManageOrganization/Billing/texts';
import { PAGE_PATH } from './configuration';
import { goToOrganization, ORGANIZATION_PATTERN } from './organization';
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
  return (
    <EmptyState titleText={texts.notConfiguredTitle} headingLevel="h1" status="danger">
      <EmptyStateBody>{texts.notConfiguredBody(names.map((name) => `window.${name}`).join(', '))}</EmptyStateBody>
    </EmptyState>
  );
}

export function LoggingIn() {
  return (
    <Bullseye>
      <div role="status">
        <Spinner aria-label={texts.loggingIn} />
      </div>
    </Bullseye>
  );
}

interface LoginFailedProps {
  organization: string;
  reason: string;
  onTryAgain: () => void;
}

export function LoginFailed({ organization, reason, onTryAgain }: LoginFailedProps) {
  return (
    <EmptyState titleText={texts.loginFailedTitle} headingLevel="h1" status="danger">
      <EmptyStateBody>{texts.loginFailedBody(organization, reason)}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button onClick={onTryAgain}>{texts.tryAgain}</Button>
        </EmptyStateActions>
        <EmptyStateActions>
          <a href={PAGE_PATH}>{texts.anotherOrganization}</a>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

export function ChooseOrganization() {
  const [name, setName] = useState('');
  const [isWrong, setIsWrong] = useState(false);
  return (
    <Bullseye>
      <Form
        onSubmit={(event) => {
          event.preventDefault();
          if (ORGANIZATION_PATTERN.test(name)) {
            goToOrganization(name);
          } else {
            setIsWrong(true);
          }
        }}
      >
        <Title headingLevel="h1">{texts.chooseTitle}</Title>
        <p>{texts.chooseBody}</p>
        <FormGroup label={texts.organizationName} fieldId="organization" isRequired>
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
              <HelperTextItem variant={isWrong ? 'error' : 'default'}>{texts.organizationRule}</HelperTextItem>
            </HelperText>
          </FormHelperText>
        </FormGroup>
        <ActionGroup>
          <Button type="submit">{texts.continue}</Button>
        </ActionGroup>
      </Form>
    </Bullseye>
  );
}
