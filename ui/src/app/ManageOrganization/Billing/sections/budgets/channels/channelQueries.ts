import type { UseQueryResult } from '@tanstack/react-query';

import type { Fresh, Schemas } from '../../../api/models';
import { change } from '../../../api/request';
import { useChange } from '../../../queries/useChange';
import { useResource } from '../../../queries/useResource';
import type { Channel } from './channelDraft';

const CHANNELS = 'api/billing/channels';
export type Delivery = Schemas['Delivery'];

export function useChannels(options: { enabled?: boolean } = {}): UseQueryResult<Fresh<Schemas['ChannelList']>> {
  return useResource('/api/billing/channels', {}, options);
}

export function useChannel(id: string): UseQueryResult<Fresh<Channel>> {
  return useResource('/api/billing/channels/{id}', { in: { id } }, { polls: false });
}

export function useDeadDeliveries(): UseQueryResult<Fresh<Schemas['DeliveryList']>> {
  return useResource('/api/billing/channels/deliveries', { query: { state: 'dead', limit: 100 } });
}

/** One of the newest deliveries to a channel. It is read each second until it was tried. Undefined: it is not there yet. */
export function useDelivery(channel: string, id: string): Delivery | undefined {
  const of = (list: Fresh<Schemas['DeliveryList']> | undefined) =>
    list?.data.deliveries.find((delivery) => delivery.id === id);
  const { data } = useResource(
    '/api/billing/channels/deliveries',
    { query: { channel, limit: 10 } },
    { expectsSoon: (list) => (isTried(of(list)) ? null : 1000) },
  );
  return of(data);
}

export function isTried(delivery: Delivery | undefined): delivery is Delivery {
  return delivery !== undefined && (delivery.state !== 'pending' || delivery.attempts > 0);
}

export interface Deletion {
  id: string;
  etag: string;
  key: string;
}

export interface SaveChannel {
  body: object;
  key: string;
  /** Of the channel that is changed. Null: a new one is created. */
  stored: { id: string; etag: string } | null;
}

export function useSaveChannel() {
  return useChange<SaveChannel, Fresh<Channel> | null>(
    (api, { body, key, stored }) =>
      stored === null
        ? change<Channel>(api, CHANNELS, { method: 'POST', body, idempotencyKey: key })
        : change<Channel>(api, `${CHANNELS}/${stored.id}`, {
            method: 'PUT',
            body,
            ifMatch: stored.etag,
            idempotencyKey: key,
          }),
    CHANNELS,
  );
}

export function useDeleteChannel() {
  return useChange<Deletion, null>(async (api, { id, etag, key }) => {
    await change(api, `${CHANNELS}/${id}`, { method: 'DELETE', ifMatch: etag, idempotencyKey: key });
    return null;
  }, CHANNELS);
}

export function useTestChannel() {
  return useChange<{ id: string; key: string }, Fresh<Delivery> | null>(
    (api, { id, key }) => change<Delivery>(api, `${CHANNELS}/${id}/test`, { method: 'POST', idempotencyKey: key }),
    CHANNELS,
  );
}

export function useSendAgain() {
  return useChange<{ id: string; key: string }, Fresh<Delivery> | null>(
    (api, { id, key }) =>
      change<Delivery>(api, `${CHANNELS}/deliveries/${id}/retry`, { method: 'POST', idempotencyKey: key }),
    CHANNELS,
  );
}
