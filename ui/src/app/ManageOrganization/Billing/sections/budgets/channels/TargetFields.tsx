import { Button } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import { SelectField, TextAreaField, TextField } from '../../../components/form/Field';
import type { FieldErrors } from '../../../components/form/fields';
import {
  type Channel,
  type ChannelDraft,
  keepsSecret,
  LOGINS,
  MOST_RECIPIENTS,
  newSigningSecret,
} from './channelDraft';

interface TargetFieldsProps {
  draft: ChannelDraft;
  stored: Channel | null;
  errors: FieldErrors;
  onChange: (part: Partial<ChannelDraft>) => void;
}

export const TARGET_POINTERS = [
  '/target/url',
  '/target/secret',
  '/target/recipients',
  '/target/username',
  '/target/password',
  '/target/bearer_token',
];

/** The members that a kind of channel has. */
export function TargetFields(props: TargetFieldsProps) {
  switch (props.draft.kind) {
    case 'email':
      return <Recipients {...props} />;
    case 'slack':
    case 'teams':
      return <SecretAddress {...props} />;
    case 'webhook':
      return (
        <>
          <Address {...props} />
          <SigningSecret {...props} />
        </>
      );
    case 'alertmanager':
      return (
        <>
          <Address {...props} />
          <LoginFields {...props} />
        </>
      );
  }
}

function Recipients({ draft, errors, onChange }: TargetFieldsProps) {
  const { t } = useTranslation('budgets');
  return (
    <TextAreaField
      label={t('recipients')}
      hint={t('recipientsHint', { count: MOST_RECIPIENTS })}
      rows={3}
      value={draft.recipients}
      onChange={(recipients) => {
        onChange({ recipients });
      }}
      pointer="/target/recipients"
      errors={errors}
      isRequired
    />
  );
}

function Address({ draft, errors, onChange }: TargetFieldsProps) {
  const { t } = useTranslation('budgets');
  return (
    <TextField
      type="url"
      label={t('url')}
      hint={t(draft.kind === 'alertmanager' ? 'urlHintAlertmanager' : 'urlHint')}
      value={draft.url}
      onChange={(url) => {
        onChange({ url });
      }}
      pointer="/target/url"
      errors={errors}
      isRequired
    />
  );
}

/** The address of an incoming webhook of Slack or Teams is itself the secret. */
function SecretAddress({ draft, stored, errors, onChange }: TargetFieldsProps) {
  const { t } = useTranslation('budgets');
  const isKept = keepsSecret(draft, stored);
  return (
    <TextField
      type="password"
      label={t('incomingWebhook')}
      hint={t(isKept ? 'secretKept' : `incomingWebhookHint_${draft.kind === 'teams' ? 'teams' : 'slack'}`)}
      value={draft.url}
      onChange={(url) => {
        onChange({ url });
      }}
      pointer="/target/url"
      errors={errors}
      isRequired={!isKept}
    />
  );
}

function SigningSecret({ draft, stored, errors, onChange }: TargetFieldsProps) {
  const { t } = useTranslation('budgets');
  const isKept = keepsSecret(draft, stored);
  return (
    <>
      <TextField
        label={t('signingSecret')}
        hint={isKept ? t('secretKept') : t('signingSecretHint')}
        value={draft.secret}
        onChange={(secret) => {
          onChange({ secret });
        }}
        pointer="/target/secret"
        errors={errors}
        isRequired={!isKept}
      />
      <div>
        <Button
          variant="link"
          isInline
          onClick={() => {
            onChange({ secret: newSigningSecret() });
          }}
        >
          {t('makeSecret')}
        </Button>
      </div>
    </>
  );
}

function LoginFields({ draft, stored, errors, onChange }: TargetFieldsProps) {
  const { t } = useTranslation('budgets');
  const isKept = keepsSecret(draft, stored);
  const secret = (pointer: string, label: string) => (
    <TextField
      type="password"
      label={label}
      hint={t(isKept ? 'secretKept' : 'secretHint')}
      value={draft.secret}
      onChange={(value) => {
        onChange({ secret: value });
      }}
      pointer={pointer}
      errors={errors}
    />
  );
  return (
    <>
      <SelectField
        label={t('login')}
        value={draft.login}
        options={LOGINS.map((login) => [login, t(`login_${login}`)] as const)}
        onChange={(login) => {
          onChange({ login, secret: '' });
        }}
        pointer="/target/login"
        errors={errors}
      />
      {draft.login === 'password' && (
        <TextField
          label={t('username')}
          value={draft.username}
          onChange={(username) => {
            onChange({ username });
          }}
          pointer="/target/username"
          errors={errors}
          isRequired
        />
      )}
      {draft.login === 'password' && secret('/target/password', t('password'))}
      {draft.login === 'token' && secret('/target/bearer_token', t('bearerToken'))}
    </>
  );
}
