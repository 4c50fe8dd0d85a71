import { Content, ExpandableSection, List, ListItem, Title } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';

import { Alert } from '../../../components/Alert';
import type { Fresh, Meta, Schemas } from '../../../api/models';
import { formatExact, formatQuantity } from '../../../figures';
import { formatAmount, formatRate } from '../../../money';
import { withUnit } from '../../../quantities';
import { QuoteFit } from './QuoteFit';
import type { Quote } from './useQuote';

/** What it would cost, of what that is made, what has no price, and whether it fits into the plan. */
export function QuoteResult({ fresh: { data, meta } }: { fresh: Fresh<Quote> }) {
  const { t } = useTranslation('plan');
  const { per_month, per_hour } = data.total;
  return (
    <div className="billing-stack billing-result">
      <Title headingLevel="h3" size="xl">
        {per_month === null ? t('totalUnknown') : t('totalPerMonth', { amount: formatAmount(per_month, meta) })}
      </Title>
      {per_hour !== null && (
        <Content component="p">{t('totalPerHour', { amount: formatRate(per_hour, meta) })}</Content>
      )}
      {data.on_plan && <Alert isInline isPlain variant="info" title={t('onPlan')} component="p" />}
      <Gaps quote={data} />
      <Components components={data.components} meta={meta} />
      {data.quota !== undefined && <QuoteFit quota={data.quota} meta={meta} />}
      <ExpandableSection toggleText={t('readAs')}>
        <ReadAs resources={data.resources} />
      </ExpandableSection>
      <ExpandableSection toggleText={t('lines')}>
        <Lines lines={data.lines} meta={meta} />
      </ExpandableSection>
    </div>
  );
}

/** What is in no amount. */
function Gaps({ quote: { price_missing, not_in_quote } }: { quote: Quote }) {
  const { t } = useTranslation('plan');
  return (
    <>
      {price_missing.length > 0 && (
        <Alert isInline variant="warning" title={t('priceMissing')} component="p">
          <List>
            {price_missing.map((name) => (
              <ListItem key={name}>{name}</ListItem>
            ))}
          </List>
        </Alert>
      )}
      {not_in_quote.length > 0 && (
        <Alert isInline variant="warning" title={t('notInQuote')} component="p">
          <List>
            {not_in_quote.map(({ pointer, reason }) => (
              <ListItem key={pointer} className="billing-break" lang="en">
                {pointer}: {reason}
              </ListItem>
            ))}
          </List>
        </Alert>
      )}
    </>
  );
}

const COMPONENTS: readonly string[] = ['cpu', 'memory', 'storage', 'network', 'public_ip', 'gpu'];

export function componentTitle(t: TFunction<'plan'>, name: string): string {
  return COMPONENTS.includes(name) ? t(`component_${name}` as 'component_cpu') : name;
}

function Components({ components, meta }: { components: Quote['components']; meta: Meta }) {
  const { t } = useTranslation('plan');
  return (
    <Table aria-label={t('result')} variant="compact" gridBreakPoint="">
      <Thead>
        <Tr>
          <Th>{t('component')}</Th>
          <Th className="billing-number">{t('perHour')}</Th>
          <Th className="billing-number">{t('perMonthColumn')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {components.map(({ component, per_hour, per_month }) => (
          <Tr key={component}>
            <Td>{componentTitle(t, component)}</Td>
            <Td className="billing-number">{formatRate(per_hour, meta)}</Td>
            <Td className="billing-number">{formatAmount(per_month, meta)}</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function ReadAs({ resources }: { resources: Quote['resources'] }) {
  const { t } = useTranslation('plan');
  return (
    <List>
      {resources.map((one, index) => (
        // Two resources can be the same.
        <ListItem key={index} className="billing-break">
          {[
            `${formatQuantity(one.count)} × ${one.kind}${one.name === null ? '' : ` ${one.name}`}`,
            one.cpu > 0 && withUnit(one.cpu, 'core'),
            one.memory > 0 && `${t('memory')} ${withUnit(one.memory, 'GiB')}`,
            one.storage > 0 && `${t('storage')} ${withUnit(one.storage, 'GiB')}`,
            one.public_ips > 0 && withUnit(one.public_ips, 'address'),
            `${formatQuantity(one.hours_per_month)} h`,
          ]
            .filter(Boolean)
            .join(', ')}
        </ListItem>
      ))}
    </List>
  );
}

function Lines({ lines, meta }: { lines: Quote['lines']; meta: Meta }) {
  const { t } = useTranslation('plan');
  return (
    <Table aria-label={t('lines')} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th>{t('component')}</Th>
          <Th className="billing-number">{t('quantity')}</Th>
          <Th className="billing-number">{t('price')}</Th>
          <Th className="billing-number">{t('exactAmount')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {lines.map((line, index) => (
          // A SKU can have several lines, one for each step of its price.
          <Tr key={index}>
            <Td dataLabel={t('component')} modifier="breakWord">
              {line.sku}
            </Td>
            <Td dataLabel={t('quantity')} className="billing-number">
              {withUnit(line.quantity, line.unit)}
            </Td>
            <Td dataLabel={t('price')} className="billing-number">
              <Price price={line.price} meta={meta} />
            </Td>
            <Td dataLabel={t('exactAmount')} className="billing-number">
              {meta.currency !== undefined && formatExact(line.amount, meta.currency, meta.currency_digits)}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function Price({ price, meta }: { price: Schemas['QuotedPrice']; meta: Meta }) {
  const { t } = useTranslation('plan');
  return (
    <>
      {meta.currency !== undefined && formatExact(price.unit_price, meta.currency, meta.currency_digits)}
      <Content component="small">{price.per === 'month' ? t('pricePerMonth') : t('pricePerUnit')}</Content>
    </>
  );
}
