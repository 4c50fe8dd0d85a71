import { ChartDonut, ChartThemeColor } from '@patternfly/react-charts/victory';

import type { BreakdownRow } from '../breakdown';
import { formatAmount } from '../money';
import { texts } from '../texts';

interface CostDonutProps {
  rows: BreakdownRow[];
  total: number;
  currency: string | null;
}

const SIZE_PIXELS = 240;

/** A picture of the table beside it. A chunk of its own: the charts are larger than the rest of the page. */
export default function CostDonut({ rows, total, currency }: CostDonutProps) {
  return (
    <div className="billing-donut">
      <ChartDonut
        ariaTitle={texts.breakdownChart}
        data={rows.filter(({ cost }) => cost > 0).map(({ resource, cost }) => ({ x: texts[resource], y: cost }))}
        labels={({ datum }: { datum: { x: string; y: number } }) => `${datum.x}: ${formatAmount(datum.y, currency)}`}
        title={formatAmount(total, currency)}
        subTitle={texts.monthToDate}
        themeColor={ChartThemeColor.multiOrdered}
        constrainToVisibleArea
        width={SIZE_PIXELS}
        height={SIZE_PIXELS}
      />
    </div>
  );
}
