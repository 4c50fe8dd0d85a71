import { Button } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import { DeleteDialog } from '../../components/form/DeleteDialog';
import { useKeys } from '../../components/form/useKeys';
import type { Budget } from './budgetData';
import { useDeleteBudget } from './budgetQueries';

interface DeleteBudgetProps {
  budget: Budget;
  etag: string;
  isAsking: boolean;
  onAsk: (isAsking: boolean) => void;
  onDeleted: () => void;
  onLoadAgain: () => unknown;
}

export function DeleteBudget({ budget, etag, isAsking, onAsk, onDeleted, onLoadAgain }: DeleteBudgetProps) {
  const { t } = useTranslation(['budgets', 'common']);
  const remove = useDeleteBudget();
  const keyOf = useKeys();
  const close = () => {
    onAsk(false);
    remove.reset();
  };
  return (
    <>
      <Button
        variant="danger"
        onClick={() => {
          onAsk(true);
        }}
      >
        {t('common:delete')}
      </Button>
      {isAsking && (
        <DeleteDialog
          title={t('deleteBudgetTitle', { name: budget.name })}
          text={t('deleteBudgetBody')}
          error={remove.error}
          isPending={remove.isPending}
          onClose={close}
          onLoadAgain={() => {
            close();
            onLoadAgain();
          }}
          onDelete={() => {
            remove.mutate({ id: budget.id, etag, key: keyOf([budget.id, etag]) }, { onSuccess: onDeleted });
          }}
        />
      )}
    </>
  );
}
