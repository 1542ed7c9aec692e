import { asyncScheduler, retry } from 'rxjs';
import type { GapError, ReceiverEvent } from '../../lib/index.js';
import { Receiver } from '../../lib/index.js';
import { type MemoryPubSub } from '../../lib/testing/index.js';
import { receiverFixture } from '../support/receiver-fixture.js';

const gapsOf = (events: readonly ReceiverEvent[]) =>
  events.flatMap((event) => (event.type === 'gap' ? [event.gap] : []));

describe('an outage', () => {
  it.each([
    ['a Channel closes', (receiver: Receiver) => receiver.channel('a').close()],
    ['the Receiver drains', (receiver: Receiver) => receiver.drain()],
    ['the Receiver stops', (receiver: Receiver) => receiver.stop()],
  ])('that another Channel prolongs delivers the held messages before %s', async (_what, end) => {
    const { client, receiver, received, observer, publish, eventTypes } = receiverFixture();
    receiver.pattern('slow*');
    receiver.subscribe(observer);
    client.disconnect();
    // Redis refuses one name, and with it the command that resubscribes all of them; then each name is subscribed by
    // itself.
    client.forbidden.add('slow*');
    expect(client.reconnect()).toBe(false);
    client.forbidden.clear();
    client.withhold();
    client.reconnect();
    client.acknowledgeNext();
    publish('1');
    expect(received).toEqual([]);
    const ended = end(receiver);
    expect(received[0]).toBe('1');
    expect(eventTypes()).toContain('gap');
    client.acknowledge();
    await ended;
    expect(receiver.stats).toMatchObject({ received: 1, delivered: 1, late: 0 });
  });

  it('is reported when it begins, and as one gap when all names are resubscribed', () => {
    const now = jest.spyOn(asyncScheduler, 'now').mockReturnValue(1_000);
    const { client, receiver, publish, received, collect, events } = receiverFixture();
    receiver.subscribe(collect);
    events.length = 0;
    now.mockReturnValue(2_000);
    publish('1');
    now.mockReturnValue(3_000);
    const cause = new Error('read ECONNRESET');
    client.disconnect(cause);
    client.failToReconnect();
    expect(events).toEqual([{ type: 'disconnected', error: cause }]);
    now.mockReturnValue(4_000);
    client.reconnect();
    now.mockReturnValue(5_000);
    publish('2');
    const channels = [receiver.channel('a'), receiver.channel('b')];
    expect(events.slice(1)).toEqual([
      { type: 'gap', gap: { cause: 'reconnect', since: 2_000, until: 4_000, channels } },
    ]);
    expect(receiver.stats.gaps).toBe(1);
    expect(received).toEqual(['1', '2']);
    now.mockRestore();
  });

  it.each([
    ['is asked for', (receiver: Receiver) => void receiver.channel('c').subscribe()],
    ['is let go', (receiver: Receiver) => void receiver.channel('a').close()],
  ])(
    'does not begin later because a name that another listener shares %s: no command is sent',
    async (_, act) => {
      const now = jest.spyOn(asyncScheduler, 'now').mockReturnValue(1_000);
      const { client, receiver, events } = receiverFixture();
      await client.subscribe(['a', 'c'], () => undefined);
      await receiver.connect();
      now.mockReturnValue(2_000);
      act(receiver);
      await new Promise(setImmediate);
      now.mockReturnValue(3_000);
      client.disconnect();
      client.reconnect();
      expect(gapsOf(events)).toMatchObject([{ since: 1_000, until: 3_000 }]);
      now.mockRestore();
    },
  );

  it('does not begin with a message that another Receiver got before this one subscribed', async () => {
    const now = jest.spyOn(asyncScheduler, 'now').mockReturnValue(1_000);
    const { client, receiver, publish } = receiverFixture();
    receiver.subscribe();
    publish('1');
    await receiver.stop();
    now.mockReturnValue(2_000);
    const later = receiverFixtureOn(client);
    later.receiver.channel('a').subscribe();
    now.mockReturnValue(3_000);
    client.disconnect();
    client.reconnect();
    expect(gapsOf(later.events)).toMatchObject([{ since: 2_000, until: 3_000 }]);
    now.mockRestore();
  });

  it('is reported before every later message, also before one that arrives before the client is ready', () => {
    const { client, receiver, publish, received, collect } = receiverFixture();
    receiver.subscribe(collect);
    receiver.channel('a').subscribe(collect);
    receiver.events.subscribe(({ type }) => received.push(type));
    client.disconnect();
    client.withhold();
    client.reconnect();
    client.acknowledge(() => publish('1', '2'));
    publish('3');
    expect(received).toEqual(['disconnected', 'gap', '1', '1', '2', '2', '3', '3']);
  });

  it("stands in the stream with onGap 'error', after the queued messages and before all later ones", async () => {
    const { client, receiver, publish, received, collect } = receiverFixture({ onGap: 'error' });
    await receiver.connect();
    publish('1');
    client.disconnect();
    client.reconnect();
    client.disconnect();
    client.reconnect();
    publish('2');
    const gaps: GapError[] = [];
    receiver
      .pipe(retry({ delay: (error: GapError) => (gaps.push(error), received.push(error.name), [1]) }))
      .subscribe(collect);
    expect(received).toEqual(['1', 'GapError', '2']);
    expect(gaps[0]?.gap.channels.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(gaps[0]?.message).toContain('2 channel(s)');
  });

  it.each([
    ['the client is ready', []],
    ['all are subscribed again', ['slow*']],
  ])('that follows another before %s is reported after the messages between the two', (_what, refused) => {
    const { client, receiver, publish, received, collect } = receiverFixture();
    receiver.pattern('slow*');
    receiver.subscribe(collect);
    receiver.events.subscribe(({ type }) => received.push(type));
    publish('1');
    client.disconnect();
    for (const name of refused) client.forbidden.add(name);
    expect(client.reconnect()).toBe(refused.length === 0);
    if (refused.length === 0) client.disconnect();
    received.length = 0;
    client.forbidden.clear();
    client.withhold();
    client.reconnect();
    client.acknowledgeNext();
    publish('2');
    expect(received).toEqual([]);
    client.disconnect();
    publish('is lost');
    client.acknowledge();
    client.reconnect();
    publish('3');
    expect(received).toEqual(['gap', '2', 'disconnected', 'gap', '3']);
  });

  it("reaches the observers of a Channel with onGap 'error', too", () => {
    const { client, receiver, received, observer } = receiverFixture({ onGap: 'error' });
    receiver.channel('a').subscribe(observer);
    client.disconnect();
    client.reconnect();
    expect(received).toEqual(['GapError']);
  });

  it('causes no gap if no message can have been lost', () => {
    const { client, receiver, events } = receiverFixture();
    client.withhold();
    receiver.subscribe();
    client.disconnect();
    client.acknowledge();
    client.reconnect();
    expect(client.subscriptions('channel')).toEqual(['a', 'b']);
    expect(events.map(({ type }) => type)).toEqual(['disconnected', 'subscribed', 'subscribed']);
  });

  it('affects only the Channels that were subscribed when it began', () => {
    const { client, receiver, events } = receiverFixture();
    receiver.channel('a').subscribe();
    const leaving = receiver.channel('b').subscribe();
    client.disconnect();
    receiver.channel('c').subscribe();
    leaving.unsubscribe();
    void receiver.channel('b').close();
    client.reconnect();
    expect(gapsOf(events)).toMatchObject([{ channels: [receiver.channel('a')] }]);
    expect(client.subscriptions('channel').sort()).toEqual(['a', 'c']);
  });

  it('is reported once to each Receiver on the client, with its own Channels', () => {
    const { client, receiver, events } = receiverFixture();
    const other = receiverFixtureOn(client);
    receiver.channel('a').subscribe();
    other.receiver.channel('a').subscribe();
    client.disconnect();
    client.reconnect();
    expect(gapsOf(events)).toMatchObject([{ channels: [receiver.channel('a')] }]);
    expect(gapsOf(other.events)).toMatchObject([{ channels: [other.receiver.channel('a')] }]);
  });

  it('waits for the Channels whose operations failed with the connection', () => {
    const { client, receiver, events, publish, received, collect } = receiverFixture();
    const subscription = receiver.channel('a').subscribe(collect);
    client.withhold();
    receiver.channel('b').subscribe(collect);
    client.disconnect();
    subscription.unsubscribe();
    client.acknowledge();
    client.withhold();
    receiver.channel('a').subscribe(collect);
    client.reconnect();
    client.acknowledge();
    publish('1');
    expect(received).toEqual(['1']);
    expect(gapsOf(events)).toMatchObject([{ channels: [receiver.channel('a')] }]);
    expect(client.subscriptions('channel').sort()).toEqual(['a', 'b']);
  });
});

describe('operations that fail with the connection', () => {
  it('are repeated after the reconnection: a SUBSCRIBE', () => {
    const { client, receiver, received, collect, publish } = receiverFixture();
    client.withhold();
    receiver.channel('a').subscribe(collect);
    client.disconnect();
    client.acknowledge();
    client.reconnect();
    publish('1');
    expect(received).toEqual(['1']);
    expect(client.log).toEqual(['SUBSCRIBE a', 'SUBSCRIBE a']);
  });

  it('are repeated after the reconnection: an UNSUBSCRIBE, which the client has reverted', async () => {
    const { client, receiver } = receiverFixture();
    receiver.subscribe();
    client.withhold();
    const stopped = receiver.stop();
    client.disconnect();
    await stopped;
    client.acknowledge();
    client.reconnect();
    expect(client.subscriptions('channel')).toEqual([]);
    expect(client.eventNames()).toEqual([]);
  });

  it('are repeated if the client has no registry to remove a name from', async () => {
    const { client, receiver } = receiverFixture();
    Object.defineProperty(client, 'getPubSubListeners', { value: undefined });
    receiver.subscribe();
    client.disconnect();
    await receiver.stop();
    client.withhold();
    client.reconnect();
    client.acknowledgeNext();
    expect(client.subscriptions('channel')).toEqual(['a', 'b']);
    client.acknowledge();
    expect(client.subscriptions('channel')).toEqual([]);
    expect(client.eventNames()).toEqual([]);
  });

  it('are repeated if they are written only after the reconnection, because node-redis on RESP2 ignores their replies', () => {
    const { client, receiver, received, collect, publish, eventTypes } = receiverFixture();
    client.withhold();
    receiver.subscribe(collect);
    client.disconnect(undefined, 'keep');
    client.reconnect();
    client.acknowledge();
    expect(client.log).toEqual(['SUBSCRIBE a b', 'SUBSCRIBE a b']);
    publish('1');
    expect(received).toEqual(['1']);
    expect(eventTypes()).toEqual(['disconnected', 'subscribed', 'subscribed']);
  });

  it('are reverted if they are written only after the reconnection, and are no longer wanted', async () => {
    const { client, receiver } = receiverFixture();
    client.withhold();
    receiver.subscribe();
    client.disconnect(undefined, 'keep');
    const stopped = receiver.stop();
    client.reconnect();
    client.acknowledgeNext();
    await stopped;
    expect(client.subscriptions('channel')).toEqual(['a', 'b']);
    client.acknowledge();
    expect(client.subscriptions('channel')).toEqual([]);
    expect(client.eventNames()).toEqual([]);
  });

  it('wait for the resubscription of the client if they are requested during it', async () => {
    const { client, receiver } = receiverFixture();
    receiver.subscribe();
    client.disconnect();
    client.withhold();
    client.reconnect();
    await receiver.stop();
    client.acknowledgeNext();
    expect(client.subscriptions('channel')).toEqual(['a', 'b']);
    client.acknowledge();
    expect(client.subscriptions('channel')).toEqual([]);
    expect(client.eventNames()).toEqual([]);
  });

  it('do not keep a name in the registry that Redis refuses at every reconnection', () => {
    const { client, receiver, received, collect, publish } = receiverFixture();
    receiver.subscribe({ next: collect, error: () => receiver.subscribe(collect) });
    const channel = receiver.channel('b');
    const own = channel.subscribe({ error: () => undefined });
    client.withhold();
    own.unsubscribe();
    void channel.close();
    receiver.channel('b');
    client.disconnect();
    client.acknowledge();
    client.forbidden.add('b');
    expect(client.reconnect()).toBe(false);
    expect(client.getPubSubListeners('CHANNELS').size).toBe(0);
    expect(client.reconnect()).toBe(true);
    publish('1');
    expect(received).toEqual(['1']);
    expect(client.subscriptions('channel')).toEqual(['a']);
  });

  it('are repeated after a pause if the connection seems alive', () => {
    jest.useFakeTimers();
    const { client, receiver, received, collect, publish } = receiverFixture();
    client.withhold();
    receiver.channel('a').subscribe(collect);
    client.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    client.acknowledge();
    expect(client.log).toEqual(['SUBSCRIBE a']);
    jest.advanceTimersByTime(60);
    expect(client.log).toEqual(['SUBSCRIBE a', 'SUBSCRIBE a']);
    publish('1');
    expect(received).toEqual(['1']);
    jest.useRealTimers();
  });

  it('wait for a connection that is not ready yet', () => {
    const { client, receiver, received, collect, publish } = receiverFixture();
    client.disconnect();
    receiver.subscribe(collect);
    expect(client.log).toEqual([]);
    client.reconnect();
    expect(client.log).toEqual(['SUBSCRIBE a b']);
    publish('1');
    expect(received).toEqual(['1']);
  });
});

describe('a client that is not open', () => {
  const closed = () => {
    const fixture = receiverFixture();
    void fixture.client.close();
    return fixture;
  };

  it('rejects every call at once with a clear error', async () => {
    const { client, receiver, received, observer } = closed();
    const clear = {
      code: 'ERR_SUBSCRIBE',
      message: expect.stringContaining('Await client.connect() before'),
    };
    await expect(receiver.channel('a').whenSubscribed()).rejects.toMatchObject(clear);
    await expect(receiver.connect()).rejects.toMatchObject(clear);
    await expect(receiver.get()).rejects.toMatchObject(clear);
    await expect(receiver.waitMessage()).rejects.toMatchObject(clear);
    await expect(receiver[Symbol.asyncIterator]().next()).rejects.toMatchObject(clear);
    receiver.subscribe(observer);
    receiver.channel('a').subscribe(observer);
    expect(received).toEqual(['SubscribeError', 'SubscribeError']);
    await expect(receiver.channel('a').whenSubscribed()).rejects.toMatchObject(clear);
    expect(client.log).toEqual([]);
    expect(client.eventNames()).toEqual([]);
  });

  it('works after it is opened', async () => {
    const { client, receiver, received, collect, publish } = closed();
    await expect(receiver.connect()).rejects.toMatchObject({ code: 'ERR_SUBSCRIBE' });
    await client.connect();
    await receiver.connect();
    receiver.subscribe(collect);
    publish('1');
    expect(received).toEqual(['1']);
  });

  it('lets stop(), drain() and close() resolve', async () => {
    const { receiver } = closed();
    await receiver.channel('a').close();
    await receiver.drain();
    await receiver.stop();
  });
});

function receiverFixtureOn(client: MemoryPubSub) {
  const receiver = new Receiver(client);
  const events: ReceiverEvent[] = [];
  receiver.events.subscribe((event) => events.push(event));
  return { receiver, events };
}
