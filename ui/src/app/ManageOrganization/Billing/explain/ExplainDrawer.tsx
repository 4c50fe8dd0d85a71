import './explain.css';

import { Button, Title } from '@patternfly/react-core';
import TimesIcon from '@patternfly/react-icons/dist/esm/icons/times-icon';
import { useEffect, useId, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';

import { BudgetFacts } from './facts/BudgetFacts';
import { ChangeFacts } from './facts/ChangeFacts';
import { ForecastFacts } from './facts/ForecastFacts';
import { PoolFacts } from './facts/PoolFacts';
import { PriceFacts } from './facts/PriceFacts';
import { StatementFacts } from './facts/StatementFacts';
import { UnusualFacts } from './facts/UnusualFacts';
import { OrganizationRows } from './OrganizationRows';
import { ProjectRows } from './ProjectRows';
import { hasLabels, TrendParts } from './TrendParts';
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
  const facts = useRef<HTMLDivElement>(null);
  const [parts, setParts] = useState<ExplainSubject[]>([]);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  /** What had the focus is gone with the part before: the keyboard goes on at the new part. */
  const show = (shown: ExplainSubject[]) => {
    setParts(shown);
    facts.current?.focus();
  };
  const open = (part: ExplainSubject) => {
    show([...parts, part]);
  };
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
        {parts.length > 0 && (
          <div>
            <Button
              variant="link"
              isInline
              onClick={() => {
                show(parts.slice(0, -1));
              }}
            >
              {t('back')}
            </Button>
          </div>
        )}
        <div ref={facts} tabIndex={-1} className="billing-stack">
          <Facts key={parts.length} subject={parts.at(-1) ?? subject} onOpen={open} />
        </div>
      </div>
    </dialog>,
    document.body,
  );
}

interface FactsProps {
  subject: ExplainSubject;
  /** Opens what a part is made of. */
  onOpen: (subject: ExplainSubject) => void;
}

function Facts({ subject, onOpen }: FactsProps) {
  switch (subject.kind) {
    case 'figure':
      return <ProjectRows subject={subject} />;
    case 'organization':
      return <OrganizationRows subject={subject} onOpen={onOpen} />;
    case 'range':
      return subject.scope.kind === 'organization' ? (
        <OrganizationRows subject={subject} onOpen={onOpen} />
      ) : hasLabels(subject) ? (
        <TrendParts subject={subject} />
      ) : (
        <ProjectRows subject={{ ...subject, scope: subject.scope }} />
      );
    case 'forecast':
      return <ForecastFacts subject={subject} onOpen={onOpen} />;
    case 'change':
      return <ChangeFacts subject={subject} onOpen={onOpen} />;
    case 'unusual':
      return <UnusualFacts subject={subject} onOpen={onOpen} />;
    case 'budget':
      return <BudgetFacts subject={subject} onOpen={onOpen} />;
    case 'statement':
      return <StatementFacts subject={subject} onOpen={onOpen} />;
    case 'pool':
      return <PoolFacts subject={subject} />;
    case 'price':
      return <PriceFacts />;
  }
}
