import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { config } from 'rxjs';
import { json, Receiver, type DiagnosticsMessage, type ReceiverEvent } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { receiverFixture } from '../support/receiver-fixture.js';
import { until } from '../support/until.js';

type Type = ReceiverEvent['type'];

/** Collects what is published on the diagnostics channels of these events, until it is disposed of. */
function watch(...types: Type[]) {
  const messages: DiagnosticsMessage[] = [];
  const listen = (message: unknown) => void messages.push(message as DiagnosticsMessage);
  for (const type of types) subscribe(`rx-redis-receiver:${type}`, listen);
  return {
    messages,
    types: () => messages.map(({ event }) => event.type),
    [Symbol.dispose]() {
      for (const type of types) unsubscribe(`rx-redis-receiver:${type}`, listen);
    },
  };
}

const ALL: Type[] = [
  ...(['subscribed', 'unsubscribed', 'disconnected', 'gap', 'overflow', 'channel-error'] as const),
  ...([
    'retry',
    'recovered',
    'recovery-error',
    'late',
    'unmatched',
    'decode-error',
    'unrecoverable',
  ] as const),
];

describe('the diagnostics channels', () => {
  it('show the events of a Receiver, with its client', async () => {
    using seen = watch(...ALL);
    const { client, receiver, events } = receiverFixture({ capacity: 1 });
    await receiver.connect();
    client.disconnect();
    client.reconnect();
    await until(() => events.some(({ type }) => type === 'gap'));
    client.publish('a', '1');
    client.publish('a', '2');
    await receiver.stop();
    expect(seen.messages.map(({ event }) => event)).toEqual(events);
    expect(seen.types()).toEqual([
      ...['subscribed', 'subscribed', 'disconnected', 'gap', 'overflow'],
      ...['unsubscribed', 'unsubscribed', 'gap'],
    ]);
    expect(seen.messages.every((message) => message.client === client)).toBe(true);
  });

  it('show events that nothing else observes, and tell Receivers apart by their clients', async () => {
    using seen = watch('subscribed');
    const clients = [new MemoryPubSub(), new MemoryPubSub()];
    for (const client of clients) {
      await using receiver = new Receiver(client);
      receiver.channel('a');
      await receiver.connect();
    }
    expect(seen.messages.map(({ client }) => client)).toEqual(clients);
  });

  it('show no event of a single message', async () => {
    using seen = watch('late', 'unmatched', 'decode-error', 'unrecoverable');
    const client = new MemoryPubSub();
    await using receiver = new Receiver(client, { codec: json() });
    const events: Type[] = [];
    receiver.events.subscribe(({ type }) => events.push(type));
    receiver.channel('a').subscribe({ error: () => undefined });
    await receiver.channel('a').whenSubscribed();
    client.publish('a', '{');
    expect(events).toContain('decode-error');
    expect(seen.messages).toEqual([]);
  });

  it('show an attempt to open that has failed, without a client', async () => {
    using seen = watch('retry');
    const opening = Receiver.open('redis://127.0.0.1:1', {
      onRetry: () => abort.abort(),
      signal: (abort = new AbortController()).signal,
    });
    await expect(opening).rejects.toThrow();
    expect(seen.messages).toMatchObject([{ event: { type: 'retry', attempt: 1 }, client: undefined }]);
  });
  let abort: AbortController;

  it('call no subscriber in the middle of a change of state', async () => {
    const client = new MemoryPubSub();
    await using receiver = new Receiver(client);
    const news = receiver.channel('news');
    const active: boolean[] = [];
    const onSubscribed = () => {
      void news.close();
      active.push(news.isActive);
    };
    subscribe('rx-redis-receiver:subscribed', onSubscribed);
    config.onUnhandledError = () => undefined;
    await receiver.connect();
    unsubscribe('rx-redis-receiver:subscribed', onSubscribed);
    config.onUnhandledError = null;
    expect(active).toEqual([false]);
    expect(client.subscriptions('channel')).toEqual([]);
  });
});
