import {
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  TextArea,
  TextInput,
} from '@patternfly/react-core';
import { type ReactNode, useId } from 'react';
import { useTranslation } from 'react-i18next';

import { errorsAt, type FieldErrors } from './fields';
import { MistakeText } from './MistakeText';

export interface FieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** JSON pointer of the member in the body, and the mistakes that the API found in the body. */
  pointer: string;
  errors: FieldErrors;
  hint?: ReactNode;
  isRequired?: boolean;
}

interface Described {
  id: string;
  'aria-describedby'?: string;
  validated: 'default' | 'error';
  isRequired: boolean;
}

interface FieldFrameProps extends Pick<FieldProps, 'label' | 'pointer' | 'errors' | 'hint' | 'isRequired'> {
  children: (described: Described) => ReactNode;
}

/** The label, the hint and the API's message of one field, connected for a screen reader. */
export function FieldFrame({ label, pointer, errors, hint, isRequired = false, children }: FieldFrameProps) {
  const { t } = useTranslation();
  const id = useId();
  const mistakes = errorsAt(errors, pointer);
  const isWrong = mistakes.length > 0;
  const hasText = isWrong || hint !== undefined;
  const described = { id, validated: isWrong ? ('error' as const) : ('default' as const), isRequired };
  return (
    <FormGroup label={label} fieldId={id} isRequired={isRequired}>
      {children(hasText ? { ...described, 'aria-describedby': `${id}-text` } : described)}
      {hasText && (
        <FormHelperText>
          <HelperText id={`${id}-text`}>
            {isWrong && (
              <HelperTextItem variant="error" screenReaderText={t('alert_danger')}>
                <MistakeText mistakes={mistakes} />
              </HelperTextItem>
            )}
            {hint !== undefined && <HelperTextItem>{hint}</HelperTextItem>}
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  );
}

interface TextFieldProps extends FieldProps {
  type?: 'text' | 'password' | 'url' | 'number';
  placeholder?: string;
  inputMode?: 'decimal' | 'numeric';
}

export function TextField({ value, onChange, type = 'text', placeholder, inputMode, ...frame }: TextFieldProps) {
  return (
    <FieldFrame {...frame}>
      {(described) => (
        <TextInput
          {...described}
          type={type}
          value={value}
          onChange={(_event, text) => {
            onChange(text);
          }}
          {...(placeholder !== undefined && { placeholder })}
          {...(inputMode !== undefined && { inputMode })}
          {...(type === 'password' && { autoComplete: 'off' })}
        />
      )}
    </FieldFrame>
  );
}

interface TextAreaFieldProps extends FieldProps {
  rows: number;
  placeholder?: string;
  isCode?: boolean;
}

export function TextAreaField({ value, onChange, rows, placeholder, isCode = false, ...frame }: TextAreaFieldProps) {
  return (
    <FieldFrame {...frame}>
      {(described) => (
        <TextArea
          {...described}
          rows={rows}
          value={value}
          resizeOrientation="vertical"
          spellCheck={!isCode}
          {...(isCode && { className: 'billing-code' })}
          {...(placeholder !== undefined && { placeholder })}
          onChange={(_event, text) => {
            onChange(text);
          }}
        />
      )}
    </FieldFrame>
  );
}

interface SelectFieldProps<Value extends string> extends Omit<FieldProps, 'value' | 'onChange'> {
  value: Value;
  onChange: (value: Value) => void;
  options: readonly (readonly [Value, string])[];
}

export function SelectField<Value extends string>({ value, onChange, options, ...frame }: SelectFieldProps<Value>) {
  return (
    <FieldFrame {...frame}>
      {(described) => (
        <FormSelect
          {...described}
          value={value}
          onChange={(_event, chosen) => {
            const option = options.find(([one]) => one === chosen);
            if (option !== undefined) {
              onChange(option[0]);
            }
          }}
        >
          {options.map(([one, label]) => (
            <FormSelectOption key={one} value={one} label={label} />
          ))}
        </FormSelect>
      )}
    </FieldFrame>
  );
}
