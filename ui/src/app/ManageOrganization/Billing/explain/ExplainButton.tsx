import { Button } from '@patternfly/react-core';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { firstOfMonth } from '../address';
import type { ExplainedFigure, ExplainSubject, TrendQuery } from './subject';

const ExplainDrawer = lazy(() => import('./ExplainDrawer'));

interface ExplainButtonProps {
  figure: ExplainedFigure;
  /** Null: the organization. Its figure is made of the projects of the user. */
  namespace: string | null;
  /** "2026-11". Null: the running month. */
  period: string | null;
  /** The figure as it is shown. */
  children: string;
}

/** A figure that opens what it is made of. The drawer is loaded when it is opened. */
export function ExplainButton({ figure, namespace, period, children }: ExplainButtonProps) {
  const { t } = useTranslation('explain');
  const subject: ExplainSubject =
    namespace === null
      ? {
          kind: 'range',
          title: t(`figure_${figure}`),
          scope: { kind: 'organization' },
          query: monthQuery(figure, period),
        }
      : { kind: 'figure', figure, namespace, period };
  return <Explained subject={subject}>{children}</Explained>;
}

/** Of a month, or of a component of it. */
function monthQuery(figure: ExplainedFigure, period: string | null): TrendQuery {
  const first = period === null ? undefined : `${period}-01`;
  return {
    ...(first !== undefined && { from: first, to: firstOfMonth(first, 1) }),
    ...(figure !== 'current_month_total' && { include: `component:${figure}` }),
  };
}

export function Explained({ subject, children }: { subject: ExplainSubject; children: string }) {
  const { t } = useTranslation('explain');
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button
        variant="link"
        isInline
        className="billing-explained"
        aria-haspopup="dialog"
        aria-label={t('open', { figure: children })}
        onClick={() => {
          setIsOpen(true);
        }}
      >
        {children}
      </Button>
      {isOpen && (
        <Suspense fallback={null}>
          <ExplainDrawer
            subject={subject}
            onClose={() => {
              setIsOpen(false);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
