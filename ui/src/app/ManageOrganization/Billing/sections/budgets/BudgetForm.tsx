import { ActionGroup, Button, Checkbox, Form } from '@patternfly/react-core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate } from 'react-router';

import type { Meta } from '../../api/models';
import { useBilling } from '../../BillingProvider';
import { SelectField, TextField } from '../../components/form/Field';
import { fieldErrorsOf } from '../../components/form/fields';
import { FormFailure } from '../../components/form/FormFailure';
import { useKeys } from '../../components/form/useKeys';
import { LinkButton } from '../../components/LinkButton';
import { locale } from '../../i18n';
import { formatAmount } from '../../money';
import { bodyOf, type BudgetDraft, PERIODS } from './budgetDraft';
import { useSaveBudget } from './budgetQueries';
import { ChannelChoice } from './ChannelChoice';
import { decimalOf } from './decimal';
import { PreviewCard } from './PreviewCard';
import { SCOPE_POINTERS, ScopeFields } from './ScopeFields';
import { thresholdPointers, ThresholdsFields } from './ThresholdsFields';
import { useOrganizationMeta } from './useOrganizationMeta';

interface BudgetFormProps {
  opened: BudgetDraft;
  /** The budget that is changed. Null: a new one. */
  stored: { id: string; etag: string } | null;
  meta: Meta;
  onLoadAgain?: () => void;
}

/** It keeps the version that it was opened with, also if a newer one is read meanwhile. */
export function BudgetForm({ opened, stored: openedVersion, meta: ofBudget, onLoadAgain }: BudgetFormProps) {
  const { t } = useTranslation(['budgets', 'common']);
  const { basePath } = useBilling();
  const meta = useOrganizationMeta(ofBudget);
  const [stored] = useState(openedVersion);
  const [draft, setDraft] = useState(opened);
  const save = useSaveBudget();
  const keyOf = useKeys();
  const navigate = useNavigate();
  const { search } = useLocation();
  const currency = meta.currency ?? '';
  const body = bodyOf(draft, currency, locale());
  const errors = fieldErrorsOf(save.error);
  const change = (part: Partial<BudgetDraft>) => {
    setDraft((now) => ({ ...now, ...part }));
  };
  const send = () => {
    save.mutate(
      { body, key: keyOf([body, stored]), stored },
      {
        onSuccess: (fresh) => {
          void navigate({ pathname: `${basePath}budgets/${fresh?.data.id ?? stored?.id ?? ''}`, search });
        },
      },
    );
  };
  const amount = decimalOf(draft.amount, locale());
  return (
    <>
      <Form
        noValidate
        maxWidth="48rem"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <FormFailure
          error={save.error}
          pointers={['/name', '/amount', '/period', '/channels', ...SCOPE_POINTERS, ...thresholdPointers(draft)]}
          {...(onLoadAgain !== undefined && { onLoadAgain })}
        />
        <TextField
          label={t('name')}
          hint={t('nameHint')}
          value={draft.name}
          onChange={(name) => {
            change({ name });
          }}
          pointer="/name"
          errors={errors}
          isRequired
        />
        <ScopeFields draft={draft} isFixed={stored !== null} errors={errors} onChange={change} />
        <TextField
          label={t('amount', { currency })}
          hint={typeof amount === 'number' ? t('amountRead', { amount: formatAmount(amount, meta) }) : t('amountHint')}
          inputMode="decimal"
          value={draft.amount}
          onChange={(text) => {
            change({ amount: text });
          }}
          pointer="/amount"
          errors={errors}
          isRequired
        />
        <SelectField
          label={t('period')}
          value={draft.period}
          options={PERIODS.map((period) => [period, t(`period_${period}`)] as const)}
          onChange={(period) => {
            change({ period });
          }}
          pointer="/period"
          errors={errors}
        />
        <Checkbox
          id="billing-budget-rollover"
          label={t('rollover')}
          description={t('rolloverHint')}
          isChecked={draft.rollover}
          onChange={(_event, rollover) => {
            change({ rollover });
          }}
        />
        <ThresholdsFields draft={draft} currency={currency} errors={errors} onChange={change} />
        <ChannelChoice draft={draft} errors={errors} onChange={change} />
        <PreviewCard body={body} meta={meta} />
        <ActionGroup>
          <Button type="submit" isLoading={save.isPending} isDisabled={save.isPending}>
            {t(stored === null ? 'createBudget' : 'common:save')}
          </Button>
          <LinkButton variant="link" to={`${basePath}budgets${stored === null ? '' : `/${stored.id}`}`}>
            {t('common:cancel')}
          </LinkButton>
        </ActionGroup>
      </Form>
    </>
  );
}
