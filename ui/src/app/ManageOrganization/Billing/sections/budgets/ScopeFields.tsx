import { Content } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import { SelectField, TextField } from '../../components/form/Field';
import type { FieldErrors } from '../../components/form/fields';
import { useProjectsQuery } from '../../queries/useProjectsQuery';
import { scopeTitle } from './budgetData';
import { type BudgetDraft, SCOPE_KINDS } from './budgetDraft';

interface ScopeFieldsProps {
  draft: BudgetDraft;
  /** What a stored budget is for cannot be changed. */
  isFixed: boolean;
  errors: FieldErrors;
  onChange: (part: Partial<BudgetDraft>) => void;
}

export const SCOPE_POINTERS = ['/scope/kind', '/scope/namespace', '/scope/label'];

export function ScopeFields(props: ScopeFieldsProps) {
  return props.isFixed ? <FixedScope draft={props.draft} /> : <ChosenScope {...props} />;
}

function FixedScope({ draft: { scopeKind, namespace, labelKey, labelValue } }: { draft: BudgetDraft }) {
  const { t } = useTranslation(['budgets', 'common']);
  const title = scopeTitle(t, {
    kind: scopeKind,
    namespace: namespace === '' ? null : namespace,
    label: scopeKind === 'label' ? { key: labelKey, value: labelValue } : null,
  });
  return (
    <Content component="p" className="billing-break">
      <strong>
        {t('scope')}: {title}
      </strong>
      <br />
      {t('scopeFixed')}
    </Content>
  );
}

function ChosenScope({ draft, errors, onChange }: ScopeFieldsProps) {
  const { t } = useTranslation('budgets');
  return (
    <>
      <SelectField
        label={t('scopeKind')}
        value={draft.scopeKind}
        options={SCOPE_KINDS.map((kind) => [kind, t(`scopeKind_${kind}`)] as const)}
        onChange={(scopeKind) => {
          onChange({ scopeKind });
        }}
        pointer="/scope/kind"
        errors={errors}
      />
      {draft.scopeKind === 'label' && <LabelFields draft={draft} errors={errors} onChange={onChange} />}
      {draft.scopeKind !== 'organization' && <ProjectField draft={draft} errors={errors} onChange={onChange} />}
    </>
  );
}

type PartProps = Omit<ScopeFieldsProps, 'isFixed'>;

function LabelFields({ draft, errors, onChange }: PartProps) {
  const { t } = useTranslation('budgets');
  return (
    <>
      <TextField
        label={t('labelKey')}
        hint={t('labelKeyHint')}
        value={draft.labelKey}
        onChange={(labelKey) => {
          onChange({ labelKey });
        }}
        pointer="/scope/label/key"
        errors={errors}
        isRequired
      />
      <TextField
        label={t('labelValue')}
        value={draft.labelValue}
        onChange={(labelValue) => {
          onChange({ labelValue });
        }}
        pointer="/scope/label/value"
        errors={errors}
      />
    </>
  );
}

function ProjectField({ draft, errors, onChange }: PartProps) {
  const { t } = useTranslation('budgets');
  const { data } = useProjectsQuery();
  const names = new Set(data?.data.projects.map(({ namespace }) => namespace));
  if (draft.namespace !== '') {
    names.add(draft.namespace);
  }
  const isLabel = draft.scopeKind === 'label';
  const none = ['', t(isLabel ? 'everyProject' : 'chooseProject')] as const;
  return (
    <SelectField
      label={t(isLabel ? 'inProject' : 'project')}
      value={draft.namespace}
      options={[none, ...[...names].map((name) => [name, name] as const)]}
      onChange={(namespace) => {
        onChange({ namespace });
      }}
      pointer="/scope/namespace"
      errors={errors}
      isRequired={!isLabel}
    />
  );
}
