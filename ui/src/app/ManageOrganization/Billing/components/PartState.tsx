import { Button, Content, Skeleton } from '@patternfly/react-core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { errorText } from '../api/errorText';
import type { Fresh } from '../api/models';
import { useTryAgain } from '../queries/useTryAgain';
import { viewStateOf } from './viewState';

interface PartStateProps<Data> {
  query: UseQueryResult<Fresh<Data>>;
  /** Of the part, so that nothing moves when the data come: a CSS length. */
  height: string;
  /** Of a part of a definition list: it needs a term also if the part failed. */
  term?: string;
  children: (fresh: Fresh<Data>) => ReactNode;
}

/** The state of a part of a section, such as a card: a failed part does not hide the others. */
export function PartState<Data>({ query, height, term, children }: PartStateProps<Data>) {
  const { t } = useTranslation();
  const tryAgain = useTryAgain();
  const state = viewStateOf(query);
  switch (state.kind) {
    case 'loading':
      return <Skeleton height={height} screenreaderText={t('loading')} />;
    case 'error': {
      const failed = (
        <div style={{ minBlockSize: height }} role="status">
          <Content component="p">
            {state.error.kind === 'not_offered'
              ? t('notOfferedTitle')
              : t('partFailed', { reason: errorText(state.error) })}
          </Content>
          {state.error.kind !== 'not_offered' && (
            <Button variant="link" isInline onClick={tryAgain}>
              {t('tryAgain')}
            </Button>
          )}
        </div>
      );
      return term === undefined ? (
        failed
      ) : (
        <div>
          <dt>{term}</dt>
          <dd>{failed}</dd>
        </div>
      );
    }
    case 'data':
      return children(state.fresh);
  }
}
