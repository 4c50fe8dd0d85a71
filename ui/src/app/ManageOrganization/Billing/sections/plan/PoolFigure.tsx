import { useTranslation } from 'react-i18next';

import { Explained } from '../../explain/Explained';
import { type Dimension, dimensionTitle } from './planData';

interface PoolFigureProps {
  dimension: Dimension;
  /** What the figure is, such as the title of its column, and of which project. */
  name: string;
  children: string;
}

/** A figure of a dimension of the pool. */
export function PoolFigure({ dimension: { dimension, profile }, name, children }: PoolFigureProps) {
  const { t } = useTranslation('plan');
  return (
    <Explained
      subject={{ kind: 'pool', dimension, profile }}
      name={`${name}, ${dimensionTitle(t, dimension, profile)}`}
    >
      {children}
    </Explained>
  );
}
