import { Button } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Channel } from './channelDraft';
import { isTried, useDelivery, useTestChannel } from './channelQueries';

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

function Outcome({ channel, delivery }: { channel: string; delivery: string }) {
  const { t } = useTranslation('budgets');
  const found = useDelivery(channel, delivery);
  if (!isTried(found)) {
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
