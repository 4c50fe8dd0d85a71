import { Button, FormFieldGroup, FormFieldGroupHeader, Grid, GridItem } from '@patternfly/react-core';
import PlusCircleIcon from '@patternfly/react-icons/dist/esm/icons/plus-circle-icon';
import TrashIcon from '@patternfly/react-icons/dist/esm/icons/trash-icon';
import { useTranslation } from 'react-i18next';

import { SelectField, TextField } from '../../components/form/Field';
import type { FieldErrors } from '../../components/form/fields';
import { BASES, type BudgetDraft, MOST_THRESHOLDS, type ThresholdDraft } from './budgetDraft';

interface ThresholdsFieldsProps {
  draft: BudgetDraft;
  currency: string;
  errors: FieldErrors;
  onChange: (part: Partial<BudgetDraft>) => void;
}

/** Each threshold shows all of its mistakes. */
export function thresholdPointers({ thresholds }: BudgetDraft): string[] {
  return thresholds.map((_threshold, index) => `/thresholds/${index}`);
}

export function ThresholdsFields({ draft, currency, errors, onChange }: ThresholdsFieldsProps) {
  const { t } = useTranslation('budgets');
  const { thresholds } = draft;
  const change = (id: number, part: Partial<ThresholdDraft>) => {
    onChange({ thresholds: thresholds.map((one) => (one.id === id ? { ...one, ...part } : one)) });
  };
  const add = () => {
    const id = Math.max(-1, ...thresholds.map((one) => one.id)) + 1;
    onChange({ thresholds: [...thresholds, { id, basis: 'actual', kind: 'percent', limit: '', probability: '80' }] });
  };
  return (
    <>
      {thresholds.map((threshold, index) => (
        <ThresholdFields
          key={threshold.id}
          index={index}
          threshold={threshold}
          currency={currency}
          errors={errors}
          onChange={(part) => {
            change(threshold.id, part);
          }}
          {...(thresholds.length > 1 && {
            onRemove: () => {
              onChange({ thresholds: thresholds.filter(({ id }) => id !== threshold.id) });
            },
          })}
        />
      ))}
      <div>
        <Button
          variant="link"
          isInline
          icon={<PlusCircleIcon />}
          isDisabled={thresholds.length >= MOST_THRESHOLDS}
          onClick={add}
        >
          {t('addThreshold')}
        </Button>
      </div>
    </>
  );
}

interface ThresholdFieldsProps {
  index: number;
  threshold: ThresholdDraft;
  currency: string;
  errors: FieldErrors;
  onChange: (part: Partial<ThresholdDraft>) => void;
  onRemove?: () => void;
}

function ThresholdFields({ index, threshold, currency, errors, onChange, onRemove }: ThresholdFieldsProps) {
  const { t } = useTranslation('budgets');
  const number = index + 1;
  const at = `/thresholds/${index}`;
  return (
    <FormFieldGroup
      header={
        <FormFieldGroupHeader
          titleText={{ text: t('threshold', { number }), id: `billing-threshold-${index}` }}
          actions={
            onRemove !== undefined && (
              <Button
                variant="plain"
                icon={<TrashIcon />}
                aria-label={t('removeThreshold', { number })}
                onClick={onRemove}
              />
            )
          }
        />
      }
    >
      <Grid hasGutter md={4}>
        <GridItem>
          <SelectField
            label={t('basis')}
            value={threshold.basis}
            options={BASES.map((basis) => [basis, t(`basis_${basis}`)] as const)}
            onChange={(basis) => {
              onChange({ basis });
            }}
            pointer={`${at}/basis`}
            errors={errors}
          />
        </GridItem>
        <GridItem>
          <TextField
            label={t('limitOf')}
            inputMode="decimal"
            value={threshold.limit}
            onChange={(limit) => {
              onChange({ limit });
            }}
            pointer={`${at}/${threshold.kind}`}
            errors={wholeAt(errors, at, `${at}/${threshold.kind}`)}
            isRequired
          />
        </GridItem>
        <GridItem>
          <SelectField
            label={t('limitKind')}
            value={threshold.kind}
            options={[
              ['percent', t('limitKind_percent')],
              ['amount', t('limitKind_amount', { currency })],
            ]}
            onChange={(kind) => {
              onChange({ kind });
            }}
            pointer={`${at}/limit_kind`}
            errors={errors}
          />
        </GridItem>
        {threshold.basis === 'forecast' && (
          <GridItem md={12}>
            <TextField
              label={t('probability')}
              hint={t('probabilityHint')}
              inputMode="decimal"
              value={threshold.probability}
              onChange={(probability) => {
                onChange({ probability });
              }}
              pointer={`${at}/probability`}
              errors={errors}
              isRequired
            />
          </GridItem>
        )}
      </Grid>
    </FormFieldGroup>
  );
}

/** A mistake of a complete threshold is shown at its limit. */
function wholeAt(errors: FieldErrors, whole: string, pointer: string): FieldErrors {
  return new Map([...errors].map(([at, text]) => [at === whole ? pointer : at, text]));
}
