import { Skeleton } from '@patternfly/react-core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';

import { useSectionParameters } from '../../../address';
import { useBilling } from '../../../BillingProvider';
import { BillingState } from '../../../components/BillingState';
import { SectionPage } from '../../SectionPage';
import { ChannelForm } from './ChannelForm';
import { useChannel, useChannels } from './channelQueries';

const NO_PARAMETERS = {};

/** The form of a new channel, or of one that exists. */
export function ChannelPage() {
  const { id } = useParams();
  useSectionParameters(NO_PARAMETERS);
  return id === undefined ? <NewChannelPage /> : <ChangeChannelPage id={id} />;
}

function useWayUp() {
  const { t } = useTranslation('budgets');
  const { basePath } = useBilling();
  return { title: t('channels'), to: `${basePath}budgets/channels` };
}

/** The list is read first: whoever has no access does not fill in a form in vain. */
function NewChannelPage() {
  const { t } = useTranslation('budgets');
  return (
    <SectionPage title={t('newChannel')} up={useWayUp()}>
      <BillingState query={useChannels()} skeleton={<FormSkeleton />}>
        {() => <ChannelForm stored={null} />}
      </BillingState>
    </SectionPage>
  );
}

function ChangeChannelPage({ id }: { id: string }) {
  const { t } = useTranslation('budgets');
  const up = useWayUp();
  const query = useChannel(id);
  const [version, setVersion] = useState(0);
  const loadAgain = () => {
    void query.refetch().then(() => {
      setVersion((now) => now + 1);
    });
  };
  return (
    <SectionPage title={query.data?.data.name ?? t('channel')} up={up}>
      <BillingState query={query} list={{ ...up, title: t('allChannels') }} skeleton={<FormSkeleton />}>
        {({ data, etag }) => (
          <ChannelForm key={version} stored={{ channel: data, etag: etag ?? '' }} onLoadAgain={loadAgain} />
        )}
      </BillingState>
    </SectionPage>
  );
}

const LINES = ['one', 'two', 'three', 'four'];

function FormSkeleton() {
  return LINES.map((line) => <Skeleton key={line} fontSize="3xl" width="60%" />);
}
