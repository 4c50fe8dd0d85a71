import {
  Button,
  ExpandableSection,
  FormFieldGroup,
  FormFieldGroupHeader,
  Grid,
  GridItem,
} from '@patternfly/react-core';
import TrashIcon from '@patternfly/react-icons/dist/esm/icons/trash-icon';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { SelectField, TextField } from '../../../components/form/Field';
import type { FieldErrors } from '../../../components/form/fields';
import { KINDS, membersOf, type ResourceDraft } from './draft';

interface ResourceFieldsProps {
  index: number;
  draft: ResourceDraft;
  errors: FieldErrors;
  onChange: (part: Partial<ResourceDraft>) => void;
  onRemove?: () => void;
}

const POINTERS = {
  kind: 'kind',
  name: 'name',
  cpu: 'cpu',
  memory: 'memory',
  size: 'storage/size',
  storageClass: 'storage/class',
  publicIps: 'public_ips',
  egress: 'egress',
  hours: 'hours_per_month',
  count: 'count',
} as const satisfies Record<keyof ResourceDraft, string>;
type FieldName = keyof typeof POINTERS;

/** The members of a resource in the body that have a field. */
export function pointersOf(index: number): string[] {
  return Object.values(POINTERS).map((member) => `/resources/${index}/${member}`);
}

export function ResourceFields({ index, draft, errors, onChange, onRemove }: ResourceFieldsProps) {
  const { t } = useTranslation('plan');
  const number = index + 1;
  const { runs, hasStorage, needsStorage, hasAddresses, hasEgress } = membersOf(draft.kind);
  const field = (name: Exclude<FieldName, 'kind'>, label: string, hint?: string, isRequired = false) => (
    <TextField
      label={label}
      value={draft[name]}
      onChange={(value) => {
        onChange({ [name]: value });
      }}
      pointer={`/resources/${index}/${POINTERS[name]}`}
      errors={storageErrors(errors, index)}
      isRequired={isRequired}
      {...(hint !== undefined && { hint })}
    />
  );
  return (
    <FormFieldGroup
      header={
        <FormFieldGroupHeader
          titleText={{ text: t('resource', { number }), id: `billing-resource-${index}` }}
          actions={
            onRemove !== undefined && (
              <Button
                variant="plain"
                icon={<TrashIcon />}
                aria-label={t('removeResource', { number })}
                onClick={onRemove}
              />
            )
          }
        />
      }
    >
      <Fields>
        <SelectField
          label={t('kind')}
          value={draft.kind}
          options={KINDS.map((kind) => [kind, t(`kind_${kind}`)] as const)}
          onChange={(kind) => {
            onChange({ kind });
          }}
          pointer={`/resources/${index}/kind`}
          errors={errors}
        />
        {runs && field('cpu', t('cpuCores'), t('cpuHint'), true)}
        {runs && field('memory', t('memory'), t('memoryHint'), true)}
        {hasStorage && field('size', t('storageSize'), t('storageHint'), needsStorage)}
        {hasAddresses && field('publicIps', t('publicIps'))}
        {field('count', t('count'))}
      </Fields>
      <ExpandableSection toggleText={t('more')} displaySize="default">
        <Fields>
          {field('name', t('name'), t('nameHint'))}
          {hasStorage && field('storageClass', t('storageClass'), t('storageClassHint'))}
          {hasEgress && field('egress', t('egress'), t('egressHint'))}
          {field('hours', t('hoursPerMonth'), t('hoursHint'))}
        </Fields>
      </ExpandableSection>
    </FormFieldGroup>
  );
}

/** A mistake of the complete `storage` is shown at its size. */
function storageErrors(errors: FieldErrors, index: number): FieldErrors {
  const whole = `/resources/${index}/storage`;
  return new Map([...errors].map(([pointer, text]) => [pointer === whole ? `${whole}/size` : pointer, text]));
}

function Fields({ children }: { children: ReactNode[] }) {
  return (
    <Grid hasGutter md={6} xl={4}>
      {children.filter(Boolean).map((child, index) => (
        // The fields of a kind keep their order.
        <GridItem key={index}>{child}</GridItem>
      ))}
    </Grid>
  );
}
