import { Button } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Channel } from './channelDraft';
import { useDeliveriesTo, useTestChannel } from './channelQueries';

/** Sends a test message and shows whether it arrived. */
export function TestButton({ channel }: { channel: Channel }) {
  const { t } = useTranslation('budgets');
  const test = useTestChannel();
  const sent = test.data?.data.id;
  return (
    <>
      <Button
        variant="secondary"
        size="sm"
        isLoading={test.isPending}
        isDisabled={test.isPending}
        aria-label={t('testOf', { name: channel.name })}
        onClick={() => {
          test.mutate({ id: channel.id, key: crypto.randomUUID() });
        }}
      >
        {t('test')}
      </Button>
      <div role="status">
        {test.error !== null && (
          <span>
            {t('testFailed')} <span lang="en">{test.error.message}</span>
          </span>
        )}
        {sent !== undefined && <Outcome key={sent} channel={channel.id} delivery={sent} />}
      </div>
    </>
  );
}

/** Of a delivery: it is read again until it was delivered or tried. */
function Outcome({ channel, delivery }: { channel: string; delivery: string }) {
  const { t } = useTranslation('budgets');
  const { data } = useDeliveriesTo(channel);
  const found = data?.data.deliveries.find(({ id }) => id === delivery);
  if (found === undefined || (found.state === 'pending' && found.attempts === 0)) {
    return t('testPending');
  }
  if (found.state === 'delivered') {
    return t('testDelivered');
  }
  return (
    <>
      {t(found.state === 'dead' ? 'testDead' : 'testTrying')}{' '}
      {found.explanation !== null && <span lang="en">{found.explanation}</span>}
      {found.status !== null && ` (${found.status})`}
    </>
  );
}
