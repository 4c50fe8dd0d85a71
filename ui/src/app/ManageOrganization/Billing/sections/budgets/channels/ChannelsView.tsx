import {
  Content,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  Label,
  Skeleton,
} from '@patternfly/react-core';
import BellIcon from '@patternfly/react-icons/dist/esm/icons/bell-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';

import { useSectionParameters } from '../../../address';
import { useBilling } from '../../../BillingProvider';
import { BillingState } from '../../../components/BillingState';
import { LinkButton } from '../../../components/LinkButton';
import { SectionPage } from '../../SectionPage';
import { BudgetTabs } from '../BudgetTabs';
import type { Channel } from './channelDraft';
import { useChannels } from './channelQueries';
import { TestButton } from './TestButton';

const NO_PARAMETERS = {};

/** Where notifications are sent. */
export function ChannelsView() {
  const { t } = useTranslation('budgets');
  useSectionParameters(NO_PARAMETERS);
  const query = useChannels();
  return (
    <SectionPage
      title={t('channels')}
      subtitle={t('channelsSubtitle')}
      actions={query.isSuccess && query.data.data.channels.length > 0 && <NewChannel />}
    >
      <BudgetTabs current="channels" />
      <BillingState query={query} skeleton={<ChannelsSkeleton />}>
        {({ data }) => (data.channels.length === 0 ? <NoChannels /> : <ChannelTable channels={data.channels} />)}
      </BillingState>
    </SectionPage>
  );
}

function NewChannel() {
  const { t } = useTranslation('budgets');
  const { basePath } = useBilling();
  return <LinkButton to={`${basePath}budgets/channels/new`}>{t('newChannel')}</LinkButton>;
}

function NoChannels() {
  const { t } = useTranslation('budgets');
  return (
    <EmptyState titleText={t('noChannelsTitle')} headingLevel="h2" icon={BellIcon}>
      <EmptyStateBody>{t('noChannelsBody')}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <NewChannel />
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

function ChannelTable({ channels }: { channels: readonly Channel[] }) {
  const { t } = useTranslation('budgets');
  return (
    <Table aria-label={t('channels')} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th>{t('name')}</Th>
          <Th>{t('kind')}</Th>
          <Th>{t('sentTo')}</Th>
          <Th>{t('channelState')}</Th>
          <Th screenReaderText={t('test')} />
        </Tr>
      </Thead>
      <Tbody>
        {channels.map((channel) => (
          <ChannelRow key={channel.id} channel={channel} />
        ))}
      </Tbody>
    </Table>
  );
}

function ChannelRow({ channel }: { channel: Channel }) {
  const { t } = useTranslation('budgets');
  const { search } = useLocation();
  const { basePath } = useBilling();
  return (
    <Tr>
      <Td dataLabel={t('name')} modifier="breakWord">
        <Link to={{ pathname: `${basePath}budgets/channels/${channel.id}`, search }}>{channel.name}</Link>
      </Td>
      <Td dataLabel={t('kind')}>{t(`kind_${channel.target.kind}`)}</Td>
      <Td dataLabel={t('sentTo')} modifier="breakWord">
        <SentTo channel={channel} />
      </Td>
      <Td dataLabel={t('channelState')}>
        <Label isCompact color={channel.enabled ? 'green' : 'grey'}>
          {t(channel.enabled ? 'enabled' : 'disabled')}
        </Label>
      </Td>
      <Td>{channel.enabled && <TestButton channel={channel} />}</Td>
    </Tr>
  );
}

function SentTo({ channel: { target, secret_set } }: { channel: Channel }) {
  const { t } = useTranslation('budgets');
  return (
    <>
      {target.url ?? target.recipients?.join(', ') ?? t('secretAddress')}
      {target.kind !== 'slack' && target.kind !== 'teams' && secret_set && (
        <Content component="small">{t('secretSet')}</Content>
      )}
    </>
  );
}

const ROWS = ['one', 'two', 'three'];

function ChannelsSkeleton() {
  return ROWS.map((row) => <Skeleton key={row} fontSize="2xl" />);
}
