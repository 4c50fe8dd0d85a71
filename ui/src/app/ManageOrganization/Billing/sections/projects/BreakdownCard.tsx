// The charts' colours, which differ between the light and the dark theme.
import '@patternfly/patternfly/patternfly-charts.css';

import { Card, CardBody, CardTitle, Content, Flex, FlexItem, Skeleton } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { lazy, Suspense, useId } from 'react';
import { useTranslation } from 'react-i18next';

import type { Overview } from '../../api/models';
import { formatPeriod } from '../../dates';
import { Explained } from '../../explain/Explained';
import { breakdownRows, componentOf } from './breakdown';
import { formatAmount, formatShare, type Unit } from '../../money';
import { LazyBoundary } from '../../components/LazyBoundary';
import { resourceColors } from './resourceColors';

const CostDonut = lazy(() => import('./CostDonut'));

interface BreakdownCardProps {
  overview: Overview;
  unit: Unit;
  /** "2026-10". Null: the running month. */
  month: string | null;
}

export function BreakdownCard({ overview, unit, month }: BreakdownCardProps) {
  const { t } = useTranslation(['projects', 'common']);
  const { namespace } = overview;
  const { current_month_total: total } = overview.billing_summary;
  const rows = breakdownRows(overview);
  const [largest] = [...rows].sort((a, b) => b.cost - a.cost);
  const id = useId();
  return (
    <Card isFullHeight>
      <CardTitle component="h2" id={`${id}-title`}>
        {t('breakdown')}
      </CardTitle>
      <CardBody>
        {largest !== undefined && largest.cost > 0 && (
          <Content component="p" id={`${id}-finding`}>
            {t('breakdownLargest', {
              resource: t(largest.resource),
              amount: formatAmount(largest.cost, unit),
              percent: formatShare(largest.share),
            })}
          </Content>
        )}
        <Flex alignItems={{ default: 'alignItemsCenter' }} justifyContent={{ default: 'justifyContentCenter' }}>
          {rows.some(({ cost }) => cost > 0) ? (
            <FlexItem>
              <figure className="billing-figure" aria-labelledby={`${id}-title`} aria-describedby={`${id}-finding`}>
                <LazyBoundary text="chartFailed">
                  <Suspense fallback={<DonutSkeleton />}>
                    <CostDonut rows={rows} total={total} unit={unit} />
                  </Suspense>
                </LazyBoundary>
              </figure>
            </FlexItem>
          ) : (
            <Content component="p">
              {month === null ? t('noCostYet') : t('nothingInMonth', { month: formatPeriod(month) })}
            </Content>
          )}
          <FlexItem flex={{ default: 'flex_1' }} className="billing-breakdown">
            <Table
              aria-label={month === null ? t('breakdownTable') : t('breakdownTableOf', { month: formatPeriod(month) })}
              variant="compact"
              gridBreakPoint=""
            >
              <Thead>
                <Tr>
                  <Th>{t('resource')}</Th>
                  <Th className="billing-number">{t('common:cost')}</Th>
                  <Th className="billing-number">{t('common:share')}</Th>
                </Tr>
              </Thead>
              <Tbody>
                {rows.map(({ resource, cost, share }) => (
                  <Tr key={resource}>
                    <Th scope="row">
                      <span className="billing-resource">
                        <span className="billing-swatch" style={{ backgroundColor: resourceColors[resource] }} />
                        {t(resource)}
                      </span>
                    </Th>
                    <Td className="billing-number">
                      <Explained
                        subject={{ kind: 'figure', figure: componentOf(resource), namespace, period: month }}
                        name={`${t(resource)}, ${namespace}`}
                      >
                        {formatAmount(cost, unit)}
                      </Explained>
                    </Td>
                    <Td className="billing-number">{share === null ? '' : formatShare(share)}</Td>
                  </Tr>
                ))}
                <Tr className="billing-totals">
                  <Th scope="row">{t('common:total')}</Th>
                  <Td className="billing-number">
                    <Explained
                      subject={{ kind: 'figure', figure: 'current_month_total', namespace, period: month }}
                      name={`${t('common:total')}, ${namespace}`}
                    >
                      {formatAmount(total, unit, overview.billing_summary.almost_nothing)}
                    </Explained>
                  </Td>
                  <Td />
                </Tr>
              </Tbody>
            </Table>
          </FlexItem>
        </Flex>
      </CardBody>
    </Card>
  );
}

export function DonutSkeleton() {
  return <Skeleton shape="circle" width="12rem" className="billing-donut" />;
}
