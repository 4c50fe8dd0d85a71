import { Button, Content, EmptyState, EmptyStateBody, Skeleton } from '@patternfly/react-core';
import CheckCircleIcon from '@patternfly/react-icons/dist/esm/icons/check-circle-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';

import { useSectionParameters } from '../../../address';
import { errorText } from '../../../api/errorText';
import type { Meta } from '../../../api/models';
import { BillingState } from '../../../components/BillingState';
import { useKeys } from '../../../components/form/useKeys';
import { formatTime } from '../../../dates';
import { SectionPage } from '../../SectionPage';
import { BudgetTabs } from '../BudgetTabs';
import { useOrganizationMeta } from '../useOrganizationMeta';
import { type Delivery, useDeadDeliveries, useSendAgain } from './channelQueries';

const NO_PARAMETERS = {};

/** Notifications that could not be delivered within a day. */
export function DeliveriesView() {
  const { t } = useTranslation('budgets');
  useSectionParameters(NO_PARAMETERS);
  const query = useDeadDeliveries();
  return (
    <SectionPage title={t('deliveries')} subtitle={t('deliveriesSubtitle')}>
      <BudgetTabs current="deliveries" />
      <BillingState query={query} skeleton={<Skeleton fontSize="4xl" />}>
        {({ data, meta }) =>
          data.deliveries.length === 0 ? <NoDeliveries /> : <DeliveryTable deliveries={data.deliveries} meta={meta} />
        }
      </BillingState>
    </SectionPage>
  );
}

function NoDeliveries() {
  const { t } = useTranslation('budgets');
  return (
    <EmptyState titleText={t('noDeliveriesTitle')} headingLevel="h2" icon={CheckCircleIcon}>
      <EmptyStateBody>{t('noDeliveriesBody')}</EmptyStateBody>
    </EmptyState>
  );
}

function DeliveryTable({ deliveries, meta }: { deliveries: readonly Delivery[]; meta: Meta }) {
  const { t } = useTranslation('budgets');
  const { time_zone: timeZone } = useOrganizationMeta(meta);
  return (
    <Table aria-label={t('deliveries')} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th>{t('message')}</Th>
          <Th>{t('channel')}</Th>
          <Th>{t('why')}</Th>
          <Th>{t('givenUp')}</Th>
          <Th screenReaderText={t('sendAgain')} />
        </Tr>
      </Thead>
      <Tbody>
        {deliveries.map((delivery) => (
          <DeliveryRow key={delivery.id} delivery={delivery} timeZone={timeZone} />
        ))}
      </Tbody>
    </Table>
  );
}

function DeliveryRow({ delivery, timeZone }: { delivery: Delivery; timeZone: string | undefined }) {
  const { t } = useTranslation(['budgets', 'common']);
  const { title, events, channel_name, kind, explanation, status, attempts, settled_at, created_at } = delivery;
  return (
    <Tr>
      <Td dataLabel={t('message')} modifier="breakWord">
        {title}
        {events > 1 && <Content component="small">{t('moreEvents', { count: events - 1 })}</Content>}
        <Content component="small">{t('madeAt', { time: formatTime(new Date(created_at), timeZone) })}</Content>
      </Td>
      <Td dataLabel={t('channel')} modifier="breakWord">
        {channel_name}
        <Content component="small">{t(`kind_${kind}`)}</Content>
      </Td>
      <Td dataLabel={t('why')} modifier="breakWord">
        <span lang="en">{explanation ?? t('whyUnknown')}</span>
        {status !== null && ` (${status})`}
        <Content component="small">{t('attempts', { count: attempts })}</Content>
      </Td>
      <Td dataLabel={t('givenUp')}>
        {settled_at === null ? t('common:unknown') : formatTime(new Date(settled_at), timeZone)}
      </Td>
      <Td>
        <SendAgain delivery={delivery} />
      </Td>
    </Tr>
  );
}

function SendAgain({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation('budgets');
  const { mutate, isPending, error, isSuccess } = useSendAgain();
  const keyOf = useKeys();
  return (
    <>
      <Button
        variant="secondary"
        size="sm"
        isLoading={isPending}
        isDisabled={isPending || isSuccess}
        aria-label={t('sendAgainOf', { title: delivery.title, channel: delivery.channel_name })}
        onClick={() => {
          mutate({ id: delivery.id, key: keyOf(delivery.id) });
        }}
      >
        {t('sendAgain')}
      </Button>
      <div role="status">
        {isSuccess && t('sentAgain')}
        {error !== null && (
          <span>
            {t('notSentAgain')} {errorText(error)}
          </span>
        )}
      </div>
    </>
  );
}
