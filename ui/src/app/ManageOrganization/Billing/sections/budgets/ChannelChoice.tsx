import { Checkbox, Content, FormFieldGroup, FormFieldGroupHeader } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import { errorAt, type FieldErrors } from '../../components/form/fields';
import { type BudgetDraft, NOTIFY_ON } from './budgetDraft';
import { useChannels } from './channels/channelQueries';

interface ChannelChoiceProps {
  draft: BudgetDraft;
  errors: FieldErrors;
  onChange: (part: Partial<BudgetDraft>) => void;
}

/** Where a budget sends its messages, and when. Only an org-admin sees the channels: others keep the stored ones. */
export function ChannelChoice({ draft, errors, onChange }: ChannelChoiceProps) {
  const { t } = useTranslation('budgets');
  const error = errorAt(errors, '/channels');
  return (
    <FormFieldGroup header={<FormFieldGroupHeader titleText={{ text: t('sendTo'), id: 'billing-send-to' }} />}>
      {error !== null && (
        <Content component="p" lang="en">
          {error}
        </Content>
      )}
      <Channels draft={draft} onChange={onChange} />
      <Content component="p">{t('sendWhen')}</Content>
      {NOTIFY_ON.map((when) => (
        <Checkbox
          key={when}
          id={`billing-notify-${when}`}
          label={t(`notify_${when}`)}
          isChecked={draft.notifyOn.includes(when)}
          onChange={(_event, isChecked) => {
            onChange({ notifyOn: toggled(draft.notifyOn, when, isChecked) });
          }}
        />
      ))}
    </FormFieldGroup>
  );
}

function Channels({ draft, onChange }: Omit<ChannelChoiceProps, 'errors'>) {
  const { t } = useTranslation('budgets');
  const { data, isError } = useChannels();
  if (data === undefined) {
    return isError ? <Content component="p">{t('sendToAdmin')}</Content> : null;
  }
  if (data.data.channels.length === 0) {
    return <Content component="p">{t('sendToNone')}</Content>;
  }
  return data.data.channels.map(({ id, name, target, enabled }) => (
    <Checkbox
      key={id}
      id={`billing-channel-${id}`}
      label={name}
      description={[t(`kind_${target.kind}`), ...(enabled ? [] : [t('disabled')])].join(', ')}
      isChecked={draft.channels.includes(id)}
      onChange={(_event, isChecked) => {
        onChange({ channels: toggled(draft.channels, id, isChecked) });
      }}
    />
  ));
}

function toggled(values: readonly string[], value: string, isIn: boolean): string[] {
  const others = values.filter((one) => one !== value);
  return isIn ? [...others, value] : others;
}
