import { Switch } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Fresh, Schemas } from '../../api/models';
import { FormFailure } from '../../components/form/FormFailure';
import { useKeys } from '../../components/form/useKeys';
import { PartState } from '../../components/PartState';
import { TableCard } from '../TableCard';
import { useBudgetSettings, useSaveSettings } from './budgetQueries';

/** Whether project-users may write budgets of their projects. For org-admins only. */
export function WriteSetting() {
  const { t } = useTranslation('budgets');
  const query = useBudgetSettings();
  return (
    <TableCard title={t('writers')} hint={t('writersHint')}>
      <PartState query={query} height="2rem">
        {(fresh) => <WriteSwitch fresh={fresh} onLoadAgain={query.refetch} />}
      </PartState>
    </TableCard>
  );
}

interface WriteSwitchProps {
  fresh: Fresh<Schemas['BudgetSettings']>;
  onLoadAgain: () => Promise<unknown>;
}

/** It shows what was chosen until the newer version is read. */
function WriteSwitch({ fresh: { data, etag }, onLoadAgain }: WriteSwitchProps) {
  const { t } = useTranslation('budgets');
  const save = useSaveSettings();
  const keyOf = useKeys();
  const isSent = save.isPending || (save.isSuccess && save.variables.etag === etag);
  const isAllowed = (isSent ? save.variables.body : data).project_users_write;
  return (
    <>
      <FormFailure
        error={save.error}
        pointers={[]}
        onLoadAgain={() => {
          void onLoadAgain().then(() => {
            save.reset();
          });
        }}
      />
      <Switch
        id="billing-project-users-write"
        label={t('projectUsersWrite')}
        isChecked={isAllowed}
        isDisabled={save.isPending}
        onChange={(_event, project_users_write) => {
          const body = { project_users_write };
          save.mutate({ body, etag: etag ?? '', key: keyOf([body, etag]) });
        }}
      />
    </>
  );
}
