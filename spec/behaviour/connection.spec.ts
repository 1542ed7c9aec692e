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
  ])('that another Channel prolongs: what has come is heard before %s', async (_what, end) => {
    const { client, receiver, heard, observer, publish, eventTypes } = receiverFixture();
    receiver.pattern('slow*');
    receiver.subscribe(observer);
    client.disconnect();
    // Redis refuses to subscribe all of them again, for the sake of one, and then takes each by itself.
    client.forbidden.add('slow*');
    expect(client.reconnect()).toBe(false);
    client.forbidden.clear();
    client.withhold();
    client.reconnect();
    client.acknowledgeNext();
    publish('1');
    expect(heard).toEqual([]);
    const ended = end(receiver);
    expect(heard[0]).toBe('1');
    expect(eventTypes()).toContain('gap');
    client.acknowledge();
    await ended;
    expect(receiver.stats).toMatchObject({ received: 1, delivered: 1, late: 0 });
  });

  it('is told when it begins, and as one gap when everything is subscribed again', () => {
    const now = jest.spyOn(asyncScheduler, 'now').mockReturnValue(1_000);
    const { client, receiver, publish, heard, hear, events } = receiverFixture();
    receiver.subscribe(hear);
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
    expect(heard).toEqual(['1', '2']);
    now.mockRestore();
  });

  it.each([
    ['is asked for', (receiver: Receiver) => void receiver.channel('c').subscribe()],
    ['is let go', (receiver: Receiver) => void receiver.channel('a').close()],
  ])(
    'does not begin later because a name %s that has another listener: Redis hears nothing of it',
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

  it('does not begin with what another heard on the client before anything of this was subscribed', async () => {
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

  it('is announced before any message that came after it, also one that comes before the client is ready', () => {
    const { client, receiver, publish, heard, hear } = receiverFixture();
    receiver.subscribe(hear);
    receiver.channel('a').subscribe(hear);
    receiver.events.subscribe(({ type }) => heard.push(type));
    client.disconnect();
    client.withhold();
    client.reconnect();
    client.acknowledge(() => publish('1', '2'));
    publish('3');
    expect(heard).toEqual(['disconnected', 'gap', '1', '1', '2', '2', '3', '3']);
  });

  it("stands in the stream with onGap 'error', behind what waited and before what came after it", async () => {
    const { client, receiver, publish, heard, hear } = receiverFixture({ onGap: 'error' });
    await receiver.connect();
    publish('1');
    client.disconnect();
    client.reconnect();
    client.disconnect();
    client.reconnect();
    publish('2');
    const gaps: GapError[] = [];
    receiver
      .pipe(retry({ delay: (error: GapError) => (gaps.push(error), heard.push(error.name), [1]) }))
      .subscribe(hear);
    expect(heard).toEqual(['1', 'GapError', '2']);
    expect(gaps[0]?.gap.channels.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(gaps[0]?.message).toContain('2 channel(s)');
  });

  it.each([
    ['the client is ready', []],
    ['all are subscribed again', ['slow*']],
  ])('that follows another before %s is told behind what came between the two', (_what, refused) => {
    const { client, receiver, publish, heard, hear } = receiverFixture();
    receiver.pattern('slow*');
    receiver.subscribe(hear);
    receiver.events.subscribe(({ type }) => heard.push(type));
    publish('1');
    client.disconnect();
    for (const name of refused) client.forbidden.add(name);
    expect(client.reconnect()).toBe(refused.length === 0);
    if (refused.length === 0) client.disconnect();
    heard.length = 0;
    client.forbidden.clear();
    client.withhold();
    client.reconnect();
    client.acknowledgeNext();
    publish('2');
    expect(heard).toEqual([]);
    client.disconnect();
    publish('is lost');
    client.acknowledge();
    client.reconnect();
    publish('3');
    expect(heard).toEqual(['gap', '2', 'disconnected', 'gap', '3']);
  });

  it("reaches the observers of a Channel with onGap 'error', too", () => {
    const { client, receiver, heard, observer } = receiverFixture({ onGap: 'error' });
    receiver.channel('a').subscribe(observer);
    client.disconnect();
    client.reconnect();
    expect(heard).toEqual(['GapError']);
  });

  it('is no gap where nothing can have been lost', () => {
    const { client, receiver, events } = receiverFixture();
    client.withhold();
    receiver.subscribe();
    client.disconnect();
    client.acknowledge();
    client.reconnect();
    expect(client.subscriptions('channel')).toEqual(['a', 'b']);
    expect(events.map(({ type }) => type)).toEqual(['disconnected', 'subscribed', 'subscribed']);
  });

  it('concerns only the Channels that were subscribed when it began', () => {
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

  it('is told once to each Receiver on the client, with its own Channels', () => {
    const { client, receiver, events } = receiverFixture();
    const other = receiverFixtureOn(client);
    receiver.channel('a').subscribe();
    other.receiver.channel('a').subscribe();
    client.disconnect();
    client.reconnect();
    expect(gapsOf(events)).toMatchObject([{ channels: [receiver.channel('a')] }]);
    expect(gapsOf(other.events)).toMatchObject([{ channels: [other.receiver.channel('a')] }]);
  });

  it('waits for those whose operations died with the connection', () => {
    const { client, receiver, events, publish, heard, hear } = receiverFixture();
    const subscription = receiver.channel('a').subscribe(hear);
    client.withhold();
    receiver.channel('b').subscribe(hear);
    client.disconnect();
    subscription.unsubscribe();
    client.acknowledge();
    client.withhold();
    receiver.channel('a').subscribe(hear);
    client.reconnect();
    client.acknowledge();
    publish('1');
    expect(heard).toEqual(['1']);
    expect(gapsOf(events)).toMatchObject([{ channels: [receiver.channel('a')] }]);
    expect(client.subscriptions('channel').sort()).toEqual(['a', 'b']);
  });
});

describe('operations that die with the connection', () => {
  it('are tried again when it is back: a SUBSCRIBE', () => {
    const { client, receiver, heard, hear, publish } = receiverFixture();
    client.withhold();
    receiver.channel('a').subscribe(hear);
    client.disconnect();
    client.acknowledge();
    client.reconnect();
    publish('1');
    expect(heard).toEqual(['1']);
    expect(client.log).toEqual(['SUBSCRIBE a', 'SUBSCRIBE a']);
  });

  it('are tried again when it is back: an UNSUBSCRIBE, which the client has undone', async () => {
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

  it('are tried again when the client has no registry to strike a name from', async () => {
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

  it('are repeated where they were written only afterwards: node-redis on RESP2 does not listen for those', () => {
    const { client, receiver, heard, hear, publish, eventTypes } = receiverFixture();
    client.withhold();
    receiver.subscribe(hear);
    client.disconnect(undefined, 'keep');
    client.reconnect();
    client.acknowledge();
    expect(client.log).toEqual(['SUBSCRIBE a b', 'SUBSCRIBE a b']);
    publish('1');
    expect(heard).toEqual(['1']);
    expect(eventTypes()).toEqual(['disconnected', 'subscribed', 'subscribed']);
  });

  it('are undone when they were written only afterwards, and nobody wants them any more', async () => {
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

  it('wait until the client has subscribed again what it knew, where they come just then', async () => {
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

  it('do not keep a name in the registry that Redis refuses at every reconnect', () => {
    const { client, receiver, heard, hear, publish } = receiverFixture();
    receiver.subscribe({ next: hear, error: () => receiver.subscribe(hear) });
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
    expect(heard).toEqual(['1']);
    expect(client.subscriptions('channel')).toEqual(['a']);
  });

  it('are tried again after a while where the connection looks alive', () => {
    jest.useFakeTimers();
    const { client, receiver, heard, hear, publish } = receiverFixture();
    client.withhold();
    receiver.channel('a').subscribe(hear);
    client.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    client.acknowledge();
    expect(client.log).toEqual(['SUBSCRIBE a']);
    jest.advanceTimersByTime(60);
    expect(client.log).toEqual(['SUBSCRIBE a', 'SUBSCRIBE a']);
    publish('1');
    expect(heard).toEqual(['1']);
    jest.useRealTimers();
  });

  it('wait for the connection where it is not there yet', () => {
    const { client, receiver, heard, hear, publish } = receiverFixture();
    client.disconnect();
    receiver.subscribe(hear);
    expect(client.log).toEqual([]);
    client.reconnect();
    expect(client.log).toEqual(['SUBSCRIBE a b']);
    publish('1');
    expect(heard).toEqual(['1']);
  });
});

describe('a client that is not open', () => {
  const closed = () => {
    const fixture = receiverFixture();
    void fixture.client.close();
    return fixture;
  };

  it('is a clear rejection everywhere, and no wait', async () => {
    const { client, receiver, heard, observer } = closed();
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
    expect(heard).toEqual(['SubscribeError', 'SubscribeError']);
    await expect(receiver.channel('a').whenSubscribed()).rejects.toMatchObject(clear);
    expect(client.log).toEqual([]);
    expect(client.eventNames()).toEqual([]);
  });

  it('can be opened, and then it works', async () => {
    const { client, receiver, heard, hear, publish } = closed();
    await expect(receiver.connect()).rejects.toMatchObject({ code: 'ERR_SUBSCRIBE' });
    await client.connect();
    await receiver.connect();
    receiver.subscribe(hear);
    publish('1');
    expect(heard).toEqual(['1']);
  });

  it('hangs neither stop() nor drain() nor close()', async () => {
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
