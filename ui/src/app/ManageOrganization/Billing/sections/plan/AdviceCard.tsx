import { Content, List, ListItem } from '@patternfly/react-core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';

import { formatLongDay } from '../../figures';
import { withUnit } from '../../quantities';
import { TableCard } from '../TableCard';
import { type Advice, adviceOf } from './advice';
import { type Dimension, dimensionTitle, keyOf } from './planData';
import { PoolFigure } from './PoolFigure';

export function AdviceCard({ dimensions }: { dimensions: readonly Dimension[] }) {
  const { t } = useTranslation('plan');
  const advice = adviceOf(dimensions);
  return (
    <TableCard title={t('advice')}>
      {advice.length === 0 ? (
        t('noAdvice')
      ) : (
        <>
          <List>
            {advice.map((one) => (
              <ListItem key={`${one.kind} ${keyOf(one.dimension)}`}>
                <AdviceText advice={one} />
              </ListItem>
            ))}
          </List>
          <Content component="small" className="billing-gap-above">
            {t('adviceQuote')}
          </Content>
        </>
      )}
    </TableCard>
  );
}

function AdviceText({ advice }: { advice: Advice }) {
  const { t } = useTranslation('plan');
  return (
    <PoolFigure dimension={advice.dimension} name={t('advice')}>
      {adviceText(t, advice)}
    </PoolFigure>
  );
}

function adviceText(t: TFunction<'plan'>, advice: Advice): string {
  const { unit, dimension: name, profile } = advice.dimension;
  const dimension = dimensionTitle(t, name, profile);
  switch (advice.kind) {
    case 'full':
      return t('adviceFull', { dimension });
    case 'soon':
      return t('adviceSoon', { dimension, day: formatLongDay(advice.day) });
    case 'requests':
      return t('adviceRequests', {
        dimension,
        requested: withUnit(advice.requested, unit),
        used: withUnit(advice.used, unit),
        difference: withUnit(advice.difference, unit),
      });
  }
}
