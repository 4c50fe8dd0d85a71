// The charts' colours, which differ between the light and the dark theme.
import '@patternfly/patternfly/patternfly-charts.css';

import { Card, CardBody, CardTitle, Content, Flex, FlexItem, Skeleton } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { lazy, Suspense } from 'react';

import type { Overview } from '../api/models';
import { breakdownRows } from '../breakdown';
import { formatAmount, formatShare } from '../money';
import { texts } from '../texts';
import { ChartBoundary } from './ChartBoundary';
import { resourceColors } from './resourceColors';

const CostDonut = lazy(() => import('./CostDonut'));

export function BreakdownCard({ overview }: { overview: Overview }) {
  const { current_month_total: total, currency } = overview.billing_summary;
  const rows = breakdownRows(overview.cost_breakdown, total);
  return (
    <Card isFullHeight>
      <CardTitle component="h2">{texts.breakdown}</CardTitle>
      <CardBody>
        <Flex alignItems={{ default: 'alignItemsCenter' }} justifyContent={{ default: 'justifyContentCenter' }}>
          {rows.some(({ cost }) => cost > 0) ? (
            <FlexItem>
              <ChartBoundary>
                <Suspense fallback={<DonutSkeleton />}>
                  <CostDonut rows={rows} total={total} currency={currency} />
                </Suspense>
              </ChartBoundary>
            </FlexItem>
          ) : (
            <Content component="p">{texts.noCostYet}</Content>
          )}
          <FlexItem flex={{ default: 'flex_1' }} className="billing-breakdown">
            <Table aria-label={texts.breakdownTable} variant="compact" gridBreakPoint="">
              <Thead>
                <Tr>
                  <Th>{texts.resource}</Th>
                  <Th className="billing-number">{texts.cost}</Th>
                  <Th className="billing-number">{texts.shareShort}</Th>
                </Tr>
              </Thead>
              <Tbody>
                {rows.map(({ resource, cost, share }) => (
                  <Tr key={resource}>
                    <Th scope="row">
                      <span className="billing-resource">
                        <span className="billing-swatch" style={{ backgroundColor: resourceColors[resource] }} />
                        {texts[resource]}
                      </span>
                    </Th>
                    <Td className="billing-number">{formatAmount(cost, currency)}</Td>
                    <Td className="billing-number">{share === null ? '' : formatShare(share)}</Td>
                  </Tr>
                ))}
                <Tr className="billing-totals">
                  <Th scope="row">{texts.total}</Th>
                  <Td className="billing-number">{formatAmount(total, currency)}</Td>
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
