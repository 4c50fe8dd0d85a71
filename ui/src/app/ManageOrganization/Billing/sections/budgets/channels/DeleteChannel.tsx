import { Button } from '@patternfly/react-core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { DeleteDialog } from '../../../components/form/DeleteDialog';
import { useKeys } from '../../../components/form/useKeys';
import type { Channel } from './channelDraft';
import { useDeleteChannel } from './channelQueries';

interface DeleteChannelProps {
  channel: Channel;
  etag: string;
  onDeleted: () => void;
  onLoadAgain: (() => void) | undefined;
}

export function DeleteChannel({ channel, etag, onDeleted, onLoadAgain }: DeleteChannelProps) {
  const { t } = useTranslation(['budgets', 'common']);
  const [isAsking, setIsAsking] = useState(false);
  const remove = useDeleteChannel();
  const keyOf = useKeys();
  const close = () => {
    setIsAsking(false);
    remove.reset();
  };
  return (
    <>
      <Button
        variant="danger"
        onClick={() => {
          setIsAsking(true);
        }}
      >
        {t('common:delete')}
      </Button>
      {isAsking && (
        <DeleteDialog
          title={t('deleteChannelTitle', { name: channel.name })}
          text={t('deleteChannelBody')}
          error={remove.error}
          isPending={remove.isPending}
          onClose={close}
          onLoadAgain={() => {
            close();
            onLoadAgain?.();
          }}
          onDelete={() => {
            remove.mutate({ id: channel.id, etag, key: keyOf([channel.id, etag]) }, { onSuccess: onDeleted });
          }}
        />
      )}
    </>
  );
}
