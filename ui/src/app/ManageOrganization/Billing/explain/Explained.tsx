import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { LazyBoundary } from '../components/LazyBoundary';
import { loadLateTexts } from '../i18n';
import type { ExplainSubject } from './subject';

const ExplainDrawer = lazy(async () => (await Promise.all([import('./ExplainDrawer'), loadLateTexts()]))[0]);

interface ExplainedProps {
  subject: ExplainSubject;
  /** What the figure is: of a table, its column and its row. */
  name: string;
  /** The figure as it is shown. */
  children: string;
}

/** A figure that opens what it is made of. The drawer and its texts are loaded when it is opened. */
export function Explained({ subject, name, children }: ExplainedProps) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className="billing-explained"
        aria-haspopup="dialog"
        aria-label={t('explain', { figure: children, name })}
        onClick={() => {
          setIsOpen(true);
        }}
      >
        {children}
      </button>
      {isOpen && (
        <LazyBoundary text="detailsFailed">
          <Suspense fallback={null}>
            <ExplainDrawer
              subject={subject}
              onClose={() => {
                setIsOpen(false);
              }}
            />
          </Suspense>
        </LazyBoundary>
      )}
    </>
  );
}
