import { ActionGroup, Button, Checkbox, Form } from '@patternfly/react-core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate } from 'react-router';

import { useBilling } from '../../../BillingProvider';
import { SelectField, TextField } from '../../../components/form/Field';
import { fieldErrorsOf } from '../../../components/form/fields';
import { FormFailure } from '../../../components/form/FormFailure';
import { useKeys } from '../../../components/form/useKeys';
import { LinkButton } from '../../../components/LinkButton';
import { bodyOf, type Channel, type ChannelDraft, draftOf, KINDS, NEW_CHANNEL } from './channelDraft';
import { useSaveChannel } from './channelQueries';
import { DeleteChannel } from './DeleteChannel';
import { TargetFields, TARGET_POINTERS } from './TargetFields';

interface ChannelFormProps {
  /** The channel that is changed. Null: a new one. */
  stored: { channel: Channel; etag: string } | null;
  onLoadAgain?: () => void;
}

const POINTERS = ['/name', '/target/kind', ...TARGET_POINTERS];

/** It keeps the version that it was opened with, also if a newer one is read meanwhile. */
export function ChannelForm({ stored: opened, onLoadAgain }: ChannelFormProps) {
  const { t } = useTranslation(['budgets', 'common']);
  const { basePath } = useBilling();
  const [stored] = useState(opened);
  const [draft, setDraft] = useState<ChannelDraft>(stored === null ? NEW_CHANNEL : draftOf(stored.channel));
  const save = useSaveChannel();
  const keyOf = useKeys();
  const goToList = useGoTo(`${basePath}budgets/channels`);
  const errors = fieldErrorsOf(save.error);
  const change = (part: Partial<ChannelDraft>) => {
    setDraft((now) => ({ ...now, ...part }));
  };
  const send = () => {
    const body = bodyOf(draft, stored?.channel ?? null);
    const version = stored === null ? null : { id: stored.channel.id, etag: stored.etag };
    save.mutate({ body, key: keyOf([body, version]), stored: version }, { onSuccess: goToList });
  };
  return (
    <Form
      noValidate
      maxWidth="40rem"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <FormFailure error={save.error} pointers={POINTERS} {...(onLoadAgain !== undefined && { onLoadAgain })} />
      <TextField
        label={t('name')}
        hint={t('channelNameHint')}
        value={draft.name}
        onChange={(name) => {
          change({ name });
        }}
        pointer="/name"
        errors={errors}
        isRequired
      />
      <SelectField
        label={t('kind')}
        value={draft.kind}
        options={KINDS.map((kind) => [kind, t(`kind_${kind}`)] as const)}
        onChange={(kind) => {
          change({ kind, secret: '' });
        }}
        pointer="/target/kind"
        errors={errors}
      />
      <TargetFields draft={draft} stored={stored?.channel ?? null} errors={errors} onChange={change} />
      <Checkbox
        id="billing-channel-enabled"
        label={t('channelEnabled')}
        description={t('channelEnabledHint')}
        isChecked={draft.enabled}
        onChange={(_event, enabled) => {
          change({ enabled });
        }}
      />
      <ActionGroup>
        <Button type="submit" isLoading={save.isPending} isDisabled={save.isPending}>
          {t(stored === null ? 'createChannel' : 'common:save')}
        </Button>
        <LinkButton variant="link" to={`${basePath}budgets/channels`}>
          {t('common:cancel')}
        </LinkButton>
        {stored !== null && <DeleteChannel {...stored} onDeleted={goToList} onLoadAgain={onLoadAgain} />}
      </ActionGroup>
    </Form>
  );
}

function useGoTo(pathname: string): () => void {
  const navigate = useNavigate();
  const { search } = useLocation();
  return () => {
    void navigate({ pathname, search });
  };
}
