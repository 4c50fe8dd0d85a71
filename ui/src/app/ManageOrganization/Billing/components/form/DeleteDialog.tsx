import { Button, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { ApiError } from '../../api/errors';
import { FormFailure } from './FormFailure';

interface DeleteDialogProps {
  title: string;
  /** What the deletion means. */
  text: string;
  error: ApiError | null;
  isPending: boolean;
  /** Reads the newest version, after another change. */
  onLoadAgain: () => void;
  onDelete: () => void;
  onClose: () => void;
}

/** Requires a confirmation before something is deleted. */
export function DeleteDialog({ title, text, error, isPending, onLoadAgain, onDelete, onClose }: DeleteDialogProps) {
  const { t } = useTranslation();
  return (
    <Modal isOpen variant={ModalVariant.small} onEscapePress={onClose} aria-labelledby="billing-delete-title">
      <ModalHeader title={title} labelId="billing-delete-title" titleIconVariant="warning" />
      <ModalBody className="billing-break">
        {text}
        <FormFailure error={error} pointers={[]} onLoadAgain={onLoadAgain} />
      </ModalBody>
      <ModalFooter>
        <Button variant="danger" onClick={onDelete} isLoading={isPending} isDisabled={isPending}>
          {t('delete')}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t('cancel')}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
