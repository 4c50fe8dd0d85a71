import { ChartDonut, ChartLabel } from '@patternfly/react-charts/victory';
import { useTranslation } from 'react-i18next';

import type { BreakdownRow } from './breakdown';
import { formatAmount, type Unit } from '../../money';
import { resourceColors } from './resourceColors';

interface CostDonutProps {
  rows: BreakdownRow[];
  total: number;
  unit: Unit;
}

const SIZE_PIXELS = 240;
/** The chart's default black is not visible in the dark theme. */
const TITLE_STYLE = { fill: 'var(--pf-t--global--text--color--regular)', fontSize: 24 };
/** Maximum number of characters in the middle of the ring. The table also has the total. */
const LONGEST_TITLE = 13;

/** A chart of the table's figures. A separate chunk, because the charts are larger than the rest of the page. */
export default function CostDonut({ rows, total, unit }: CostDonutProps) {
  const { t } = useTranslation('projects');
  const shown = rows.filter(({ cost }) => cost > 0);
  const title = formatAmount(total, unit);
  return (
    <div className="billing-donut">
      <ChartDonut
        ariaTitle={t('breakdownChart')}
        data={shown.map(({ resource, cost }) => ({ x: t(resource), y: cost }))}
        labels={({ datum }: { datum: { x: string; y: number } }) => `${datum.x}: ${formatAmount(datum.y, unit)}`}
        {...(title.length <= LONGEST_TITLE && { title, titleComponent: <ChartLabel style={TITLE_STYLE} /> })}
        colorScale={shown.map(({ resource }) => resourceColors[resource])}
        constrainToVisibleArea
        width={SIZE_PIXELS}
        height={SIZE_PIXELS}
      />
    </div>
  );
}
