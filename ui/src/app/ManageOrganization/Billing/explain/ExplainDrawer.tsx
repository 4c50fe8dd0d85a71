import './explain.css';

import { Button, Title } from '@patternfly/react-core';
import TimesIcon from '@patternfly/react-icons/dist/esm/icons/times-icon';
import { useEffect, useId, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';

import { FigureRows } from './FigureRows';
import { RangeParts } from './RangeParts';
import type { ExplainSubject } from './subject';

interface ExplainDrawerProps {
  subject: ExplainSubject;
  onClose: () => void;
}

/** A dialog at the side of the page. The browser keeps the focus in it, and gives it back to the figure. */
export default function ExplainDrawer({ subject, onClose }: ExplainDrawerProps) {
  const { t } = useTranslation('explain');
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [part, setPart] = useState<ExplainSubject | null>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const shown = part ?? subject;
  return createPortal(
    <dialog ref={dialog} className="billing-drawer" aria-labelledby={id} onClose={onClose}>
      <div className="billing-drawer-head">
        <Title headingLevel="h2" id={id}>
          {t('title')}
        </Title>
        <Button
          variant="plain"
          aria-label={t('close')}
          icon={<TimesIcon />}
          onClick={() => {
            dialog.current?.close();
          }}
        />
      </div>
      <div className="billing-stack billing-drawer-body">
        {part !== null && (
          <div>
            <Button
              variant="link"
              isInline
              onClick={() => {
                setPart(null);
              }}
            >
              {t('back')}
            </Button>
          </div>
        )}
        {shown.kind === 'figure' ? <FigureRows subject={shown} /> : <RangeParts subject={shown} onOpen={setPart} />}
      </div>
    </dialog>,
    document.body,
  );
}
