import { Checkbox, Content, FormFieldGroup, FormFieldGroupHeader } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import { errorsAt, type FieldErrors } from '../../components/form/fields';
import { MistakeText } from '../../components/form/MistakeText';
import { PartState } from '../../components/PartState';
import { type BudgetDraft, NOTIFY_ON } from './budgetDraft';
import { useChannelChoices } from './budgetQueries';

interface ChannelChoiceProps {
  draft: BudgetDraft;
  errors: FieldErrors;
  onChange: (part: Partial<BudgetDraft>) => void;
}

/** Where a budget sends its messages, and when. */
export function ChannelChoice({ draft, errors, onChange }: ChannelChoiceProps) {
  const { t } = useTranslation('budgets');
  const mistakes = errorsAt(errors, '/channels');
  return (
    <FormFieldGroup header={<FormFieldGroupHeader titleText={{ text: t('sendTo'), id: 'billing-send-to' }} />}>
      {mistakes.length > 0 && (
        <Content component="p">
          <MistakeText mistakes={mistakes} />
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
  return (
    <PartState query={useChannelChoices()} height="2rem">
      {({ data: { channels } }) =>
        channels.length === 0 ? (
          <Content component="p">{t('sendToNone')}</Content>
        ) : (
          channels.map(({ id, name, kind, enabled }) => (
            <Checkbox
              key={id}
              id={`billing-channel-${id}`}
              label={name}
              description={[t(`kind_${kind}`), ...(enabled ? [] : [t('disabled')])].join(', ')}
              isChecked={draft.channels.includes(id)}
              onChange={(_event, isChecked) => {
                onChange({ channels: toggled(draft.channels, id, isChecked) });
              }}
            />
          ))
        )
      }
    </PartState>
  );
}

function toggled(values: readonly string[], value: string, isIn: boolean): string[] {
  const others = values.filter((one) => one !== value);
  return isIn ? [...others, value] : others;
}
