import { Receiver, type ReceiverEvent } from '../../lib/index.js';
import { marbles, MemoryPubSub } from '../../lib/testing/index.js';
import { receiverFixture } from '../support/receiver-fixture.js';

describe('stop()', () => {
  it('is synchronous: observers complete, and later messages are ignored, counted and reported', async () => {
    const { client, receiver, publish, received, observer, events } = receiverFixture();
    receiver.subscribe(observer);
    receiver.channel('a').subscribe({ complete: () => received.push('complete a') });
    const channel = receiver.channel('a');
    client.withhold();
    publish('1');
    const stopped = receiver.stop();
    expect(received).toEqual(['1', 'complete a', 'complete']);
    publish('2');
    client.acknowledge();
    await stopped;
    publish('3');
    expect(receiver.stats).toMatchObject({ received: 1, delivered: 1, late: 1 });
    expect(events).toContainEqual({ type: 'late', source: channel, channel: 'a', data: '2' });
    expect(client.subscriptions('channel')).toEqual([]);
  });

  it('leaves the queue to pulls and observers', async () => {
    const { receiver, publish, received, observer } = receiverFixture();
    await receiver.connect();
    publish('1', '2');
    await receiver.stop();
    expect(receiver.isActive).toBe(true);
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    receiver.subscribe(observer);
    expect(received).toEqual(['2', 'complete']);
    expect(receiver.isActive).toBe(false);
    receiver.subscribe(observer);
    expect(received.slice(2)).toEqual(['complete']);
  });

  it('keeps the rest of the queue when it is called inside a handler', async () => {
    const { receiver, publish, received } = receiverFixture();
    await receiver.connect();
    publish('1', '2');
    receiver.subscribe({
      next: ({ data }) => {
        received.push(data);
        void receiver.stop();
      },
      complete: () => received.push('complete'),
    });
    expect(received).toEqual(['1', 'complete']);
    expect(receiver.stats).toMatchObject({ received: 2, delivered: 1, buffered: 1 });
  });

  it('is idempotent, and resolves even if Redis never replies', () => {
    marbles(({ redis: client, receiver, expectObservable, at, cold }) => {
      const settled: string[] = [];
      receiver.channel('a').subscribe();
      client.withhold();
      at('x', () => {
        expect(receiver.stop()).toBe(receiver.stop());
        receiver.events.subscribe({ complete: () => settled.push('events') });
      });
      at('2001ms x', () => expect(settled).toEqual(['events']));
      at('1999ms x', () => expect(settled).toEqual([]));
      expectObservable(cold('|')).toBe('|');
    });
  });

  it('leaves the client open, without listeners or subscriptions of the package', async () => {
    const { client, receiver } = receiverFixture();
    await receiver.connect();
    expect(client.eventNames()).not.toEqual([]);
    await receiver.stop();
    expect(client.eventNames()).toEqual([]);
    expect(client.isOpen).toBe(true);
  });

  it('empties the maps, and refuses new Channels', async () => {
    const { receiver } = receiverFixture();
    const channel = receiver.channel('a');
    await receiver[Symbol.asyncDispose]();
    expect(receiver.channels.size).toBe(0);
    expect(channel.isActive).toBe(false);
    expect(() => receiver.channel('a')).toThrow(expect.objectContaining({ code: 'ERR_CHANNEL_CLOSED' }));
    await expect(receiver.connect()).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
  });

  it('rejects a pending connect()', async () => {
    const { client, receiver } = receiverFixture();
    client.withhold();
    const connecting = receiver.connect();
    void receiver.stop();
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
    client.acknowledge();
  });

  it('is called when the signal aborts, and leaves no listener on the signal', async () => {
    const controller = new AbortController();
    const { receiver, received, observer } = receiverFixture({ signal: controller.signal });
    receiver.subscribe(observer);
    controller.abort();
    expect(received).toEqual(['complete']);
    const aborted = new Receiver(new MemoryPubSub(), { signal: AbortSignal.abort() });
    expect(() => aborted.channel('a')).toThrow('stopped');
    const { signal } = new AbortController();
    const remove = jest.spyOn(signal, 'removeEventListener');
    await new Receiver(new MemoryPubSub(), { signal }).stop();
    expect(remove).toHaveBeenCalledTimes(1);
  });

  it('unsubscribes while a SUBSCRIBE is in flight', async () => {
    const { client, receiver } = receiverFixture();
    client.withhold();
    receiver.subscribe();
    const stopped = receiver.stop();
    expect(client.log).toEqual(['SUBSCRIBE a b']);
    client.acknowledge();
    await stopped;
    expect(client.subscriptions('channel')).toEqual([]);
  });
});

describe('autoStop', () => {
  it('stops the Receiver when its last Channel is closed', async () => {
    const { receiver, received, observer } = receiverFixture();
    receiver.subscribe(observer);
    await receiver.channel('a').close();
    expect(received).toEqual([]);
    await receiver.channel('b').close();
    expect(received).toEqual(['complete']);
  });

  it('waits for the release of the last Channel, emits its event, and counts its late messages', async () => {
    const { client, receiver, publish, eventTypes } = receiverFixture();
    await receiver.connect();
    void receiver.channel('b').close();
    client.withhold();
    const closed = receiver.channel('a').close();
    let isStopped = false;
    const stopped = receiver.stop().then(() => (isStopped = true));
    publish('late');
    await Promise.resolve();
    expect(isStopped).toBe(false);
    client.acknowledge();
    await Promise.all([closed, stopped]);
    expect(eventTypes()).toEqual(['subscribed', 'subscribed', 'unsubscribed', 'late', 'unsubscribed']);
    expect(receiver.stats.late).toBe(1);
  });

  it('can be turned off', async () => {
    const { client, receiver, received, observer } = receiverFixture({ autoStop: false });
    receiver.subscribe(observer);
    await receiver.channel('a').close();
    await receiver.channel('b').close();
    expect(receiver.isActive).toBe(false);
    receiver.channel('c');
    client.publish('c', '1');
    expect(received).toEqual(['1']);
  });
});

describe('drain()', () => {
  it('delivers the messages before the acknowledgement, and then completes', async () => {
    const { client, receiver, publish, received, observer } = receiverFixture();
    receiver.subscribe(observer);
    receiver.channel('a').subscribe({
      next: ({ data }) => received.push(`a ${data}`),
      complete: () => received.push('complete a'),
    });
    client.withhold();
    const drained = receiver.drain();
    expect(receiver.drain()).toBe(drained);
    publish('1');
    expect(received).toEqual(['a 1', '1']);
    client.acknowledge();
    await drained;
    publish('2');
    expect(received.slice(2).sort()).toEqual(['complete', 'complete a']);
    expect(receiver.stats).toMatchObject({ received: 1, late: 0 });
  });

  it('keeps the messages that arrive meanwhile for a pull', async () => {
    const { client, receiver, publish } = receiverFixture();
    await receiver.connect();
    client.withhold();
    const drained = receiver.drain();
    publish('1');
    client.acknowledge();
    await drained;
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
  });

  it('refuses new Channels meanwhile', () => {
    const { client, receiver } = receiverFixture();
    receiver.subscribe();
    client.withhold();
    void receiver.drain();
    expect(() => receiver.channel('c')).toThrow('draining');
    client.acknowledge();
  });

  it('does not wait for a dead server', async () => {
    const { client, receiver } = receiverFixture();
    receiver.subscribe();
    client.disconnect();
    await receiver.drain();
    expect(client.subscriptions('channel')).toEqual([]);
    client.reconnect();
    expect(client.log).toEqual(['SUBSCRIBE a b']);
  });

  it('is cut short by stop()', async () => {
    const { client, receiver, received, observer } = receiverFixture();
    receiver.subscribe(observer);
    client.withhold();
    const drained = receiver.drain();
    const stopped = receiver.stop();
    expect(received).toEqual(['complete']);
    client.acknowledge();
    await Promise.all([drained, stopped]);
  });
});

describe('the end of the client', () => {
  it('completes the stream after the queue when the client is closed', async () => {
    const { client, receiver, publish, received, observer } = receiverFixture();
    await receiver.connect();
    publish('1');
    void client.close();
    receiver.subscribe(observer);
    expect(received).toEqual(['1', 'complete']);
    expect(client.eventNames()).toEqual([]);
    await receiver.stop();
  });

  it('ends the stream with ConnectionLostError after the queue when the client gives up', async () => {
    const { client, receiver, publish, received, observer } = receiverFixture();
    await receiver.connect();
    publish('1');
    client.disconnect();
    client.giveUp(new Error('nobody there'));
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    await expect(receiver.get()).rejects.toMatchObject({
      code: 'ERR_CONNECTION_LOST',
      cause: new Error('nobody there'),
    });
    await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    await expect(receiver.waitMessage()).resolves.toBe(false);
    receiver.subscribe(observer);
    expect(received).toEqual(['ConnectionLostError']);
    expect(client.eventNames()).toEqual([]);
  });

  it('reaches observers and waiting pulls, and completes the events', async () => {
    const { client, receiver, received, observer } = receiverFixture();
    const complete = jest.fn();
    receiver.events.subscribe({ complete });
    receiver.channel('a').subscribe(observer);
    const pull = receiver.get();
    client.giveUp();
    await expect(pull).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    expect(received).toEqual(['ConnectionLostError']);
    await receiver.stop();
    expect(complete).toHaveBeenCalledTimes(1);
  });

  it('ends only the Channels on this client if the Receiver has another one', () => {
    const { receiver, received, observer, publish } = receiverFixture();
    const other = new MemoryPubSub();
    const channel = receiver.channel('c', { client: other });
    receiver.subscribe(observer);
    channel.subscribe({ complete: () => received.push('complete c') });
    void other.close();
    publish('1');
    expect(received).toEqual(['complete c', '1']);
    expect([...receiver.channels.keys()]).toEqual(['a', 'b']);
  });

  it('puts an error into the stream if the client of a Channel gives up', () => {
    const { receiver, received, observer, publish } = receiverFixture();
    const other = new MemoryPubSub();
    receiver.channel('c', { client: other });
    receiver.subscribe(observer);
    other.giveUp();
    receiver.subscribe(observer);
    publish('1');
    expect(received).toEqual(['ConnectionLostError', '1']);
  });

  it('removes the listeners of the package from a client that is reopened', async () => {
    const { client, receiver } = receiverFixture();
    await receiver.connect();
    await client.close();
    expect(client.getPubSubListeners('CHANNELS').size).toBe(0);
    await client.connect();
    expect(client.subscriptions('channel')).toEqual([]);
  });
});

it('sets isActive to false when no Channel is open and no message can come', async () => {
  const { receiver } = receiverFixture();
  const empty = new Receiver(new MemoryPubSub());
  expect([receiver.isActive, empty.isActive]).toEqual([true, false]);
  const last: ReceiverEvent[] = [];
  receiver.events.subscribe((event) => last.push(event));
  await receiver.stop();
  expect(receiver.isActive).toBe(false);
  expect(last).toEqual([]);
});
