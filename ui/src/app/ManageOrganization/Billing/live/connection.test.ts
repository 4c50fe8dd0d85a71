import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { addressOf, connectLive } from './connection';

/** The browser's WebSocket, without a network. */
class Socket {
  static last: Socket;
  sent: unknown[] = [];
  onopen: () => void = vi.fn();
  onmessage: (event: { data: string }) => void = vi.fn();
  onclose: (event: { code: number }) => void = vi.fn();
  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    Socket.last = this;
  }
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.onclose({ code: 1000 });
  }
  receive(message: object) {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

const onChange = vi.fn();
const onState = vi.fn();
const onCurrent = vi.fn();
const complete = (version: number) => ({ type: 'complete_through', data_version: version });
const budget = (state: string) => ({ type: 'budget', budgets: [{ id: 'a', states: { 'actual-80': state } }] });

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', Socket);
  onChange.mockReset();
  onState.mockReset();
  onCurrent.mockReset();
  connectLive({ baseUrl: 'https://api.example', getToken: () => Promise.resolve('t'), onChange, onCurrent, onState });
  await vi.advanceTimersByTimeAsync(0);
  Socket.last.onopen();
  Socket.last.receive({ type: 'subscribed', data_version: 7 });
});

afterEach(() => {
  vi.useRealTimers();
});

test('the token is in the subprotocol, and not in the address', () => {
  expect(Socket.last.url).toBe('wss://api.example/api/billing/live');
  expect(Socket.last.protocols).toEqual(['v1.live.billing.kube-dc.com', 'base64url.bearer.authorization.k8s.io.dA']);
  expect(Socket.last.sent).toEqual([{ type: 'subscribe', organization: true }]);
  expect(addressOf('http://127.0.0.1:8080')).toBe('ws://127.0.0.1:8080/api/billing/live');
});

test('what is current at the beginning is not a change', () => {
  Socket.last.receive(budget('ok'));
  Socket.last.receive(complete(7));
  expect(onState).toHaveBeenLastCalledWith(true);
  expect(onChange).not.toHaveBeenCalled();
});

test('a new version is one change, also with its budgets', () => {
  Socket.last.receive(budget('ok'));
  Socket.last.receive(complete(7));
  Socket.last.receive(budget('ok'));
  Socket.last.receive(complete(8));
  expect(onChange).toHaveBeenCalledTimes(1);
});

test('the versions are given on: the one at the beginning, and each that is announced', () => {
  Socket.last.receive(complete(7));
  Socket.last.receive(complete(8));
  Socket.last.receive({ type: 'resync', data_version: 9 });
  expect(onCurrent.mock.calls).toEqual([[7]]);
  expect(onChange.mock.calls).toEqual([[8], [9]]);
});

test('a budget that fires is a change, also the first budget', () => {
  Socket.last.receive(complete(7));
  Socket.last.receive(budget('ok'));
  expect(onChange).toHaveBeenCalledTimes(1);
  Socket.last.receive(budget('firing'));
  expect(onChange).toHaveBeenCalledTimes(2);
});

test('changes that may have been missed are a change', () => {
  Socket.last.receive({ type: 'resync', data_version: 9 });
  expect(onChange).toHaveBeenCalledTimes(1);
});

test('a connection without messages is closed, and opened again', async () => {
  const first = Socket.last;
  await vi.advanceTimersByTimeAsync(41_000);
  expect(onState).toHaveBeenLastCalledWith(false);
  await vi.advanceTimersByTimeAsync(7_000);
  expect(Socket.last).not.toBe(first);
});

test.each([
  ['has no WebSocket', undefined],
  [
    'refuses it',
    function refuse() {
      throw new DOMException('refused', 'SecurityError');
    },
  ],
])('a browser that %s polls, without an uncaught error', async (_name, missing) => {
  vi.stubGlobal('WebSocket', missing);
  onState.mockReset();
  const end = connectLive({ baseUrl: 'https://api.example', getToken: () => Promise.resolve('t'), onChange, onState });
  await vi.advanceTimersByTimeAsync(1000);
  expect(onState).not.toHaveBeenCalledWith(true);
  end();
});

test('an installation without live figures gets no new connection soon', async () => {
  const first = Socket.last;
  first.onclose({ code: 4501 });
  await vi.advanceTimersByTimeAsync(290_000);
  expect(Socket.last).toBe(first);
});
