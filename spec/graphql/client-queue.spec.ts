import { config } from 'rxjs';
import type { Gap, GapError, ReceiverEvent } from '../../lib/index.js';
import { RedisPubSub, type RedisPubSubOptions } from '../../lib/graphql/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { until } from '../support/until.js';
import { take } from './pub-sub-fixture.js';

const summary = (gap: Gap) => ({
  cause: gap.cause,
  dropped: gap.dropped,
  channels: gap.channels.map(({ name }) => name),
});

/** Returns a PubSub on the in-memory client, and a log of its events. */
function memoryPubSub(options?: RedisPubSubOptions) {
  const redis = new MemoryPubSub();
  const pubSub = new RedisPubSub({ subscriber: redis, publisher: redis.publisher(), ...options });
  const events: string[] = [];
  pubSub.events.subscribe((event: ReceiverEvent) => {
    events.push(event.type === 'gap' ? `gap ${event.gap.cause} ${event.gap.dropped}` : event.type);
  });
  const publish = (...payloads: unknown[]) => {
    for (const payload of payloads) redis.publish('a', JSON.stringify(payload));
  };
  /** Returns an iterator that has subscribed, and has taken a first payload. */
  const started = async <T = unknown>(triggers: string | string[] = 'a') => {
    const iterator = pubSub.asyncIterator<T>(triggers);
    const first = iterator.next();
    publish('first');
    await first;
    return iterator;
  };
  return { redis, pubSub, events, publish, started };
}

const isSubscribed = (redis: MemoryPubSub) => redis.subscriptions('channel').length > 0;

const untilLeft = (redis: MemoryPubSub) => until(() => !isSubscribed(redis));

describe('The queue of a GraphQL client', () => {
  it('keeps messages in order, and those of one client wait for no other', async () => {
    const { publish, started } = memoryPubSub();
    const [slow, fast] = [await started(), await started()];
    publish(1, 2, 3);
    expect(await take(fast, 3)).toEqual([1, 2, 3]);
    publish(4);
    expect(await take(fast, 1)).toEqual([4]);
    // The second client has started later, with a message that the first one receives, too.
    expect(await take(slow, 5)).toEqual(['first', 1, 2, 3, 4]);
  });

  it('answers pulls in their order', async () => {
    const { publish, started } = memoryPubSub();
    const iterator = await started();
    const pulls = [iterator.next(), iterator.next(), iterator.next()];
    publish(1, 2, 3);
    expect((await Promise.all(pulls)).map(({ value }) => value as number)).toEqual([1, 2, 3]);
  });

  it.each([
    ['capacity', { capacity: 2 }],
    ['maxBytes', { maxBytes: 2 }],
  ])('that is full ends by default: what waits comes first, then the error (%s)', async (bound, bounds) => {
    const { redis, pubSub, publish, started, events } = memoryPubSub(bounds);
    const slow = await started();
    publish(1, 2);
    expect(isSubscribed(redis)).toBe(true);
    publish(3);
    await untilLeft(redis);
    expect(await take(slow, 2)).toEqual([1, 2]);
    await expect(slow.next()).rejects.toMatchObject({ code: 'ERR_BUFFER_OVERFLOW', bound, limit: 2 });
    await expect(slow.next()).resolves.toEqual({ done: true, value: undefined });
    expect(events).toEqual(['subscribed', 'overflow', 'unsubscribed', 'gap overflow 1']);
    await pubSub.close();
  });

  it('has a bound of 1024 messages by default', async () => {
    const { redis, publish, started } = memoryPubSub();
    await started();
    publish(...Array(1_024).keys());
    expect(isSubscribed(redis)).toBe(true);
    publish(0);
    await untilLeft(redis);
  });

  it.each([
    ['drop-oldest', [3, 4]],
    ['drop-incoming', [1, 2]],
  ] as const)('with %s drops, and tells of it by events', async (overflow, kept) => {
    const { publish, started, events } = memoryPubSub({ capacity: 2, overflow });
    const slow = await started();
    publish(1, 2, 3, 4);
    expect(await take(slow, 2)).toEqual(kept);
    expect(events).toEqual(['subscribed', 'overflow', 'gap overflow 2']);
    publish(5);
    expect(await take(slow, 1)).toEqual([5]);
    await slow.return();
  });

  it("with drop-oldest and onGap: 'error' ends where messages are missing", async () => {
    const { redis, publish, started } = memoryPubSub({
      capacity: 2,
      overflow: 'drop-oldest',
      onGap: 'error',
    });
    const slow = await started();
    publish(1, 2, 3, 4);
    const error = (await slow.next().catch((reason: unknown) => reason)) as GapError;
    expect(error.code).toBe('ERR_GAP');
    expect(summary(error.gap)).toEqual({ cause: 'overflow', dropped: 2, channels: ['a'] });
    await expect(slow.next()).resolves.toEqual({ done: true, value: undefined });
    await untilLeft(redis);
  });

  it('with drop-oldest and a function delivers its payload where messages are missing', async () => {
    const gaps: Gap[] = [];
    const onGap = (gap: Gap) => {
      gaps.push(gap);
      return { missed: gap.dropped };
    };
    const { publish, started } = memoryPubSub({ capacity: 2, overflow: 'drop-oldest', onGap });
    const slow = await started();
    publish(1, 2, 3, 4, 5);
    expect(await take(slow, 3)).toEqual([{ missed: 3 }, 4, 5]);
    expect(gaps.map(summary)).toEqual([{ cause: 'overflow', dropped: 3, channels: ['a'] }]);
    await slow.return();
  });

  it('ends with the error of the function', async () => {
    const onGap = () => {
      throw new Error('no payload');
    };
    const { redis, publish, started } = memoryPubSub({ capacity: 1, overflow: 'drop-incoming', onGap });
    const slow = await started();
    publish(1, 2);
    await expect(slow.next()).rejects.toThrow('no payload');
    await untilLeft(redis);
  });

  it('is empty after return(), and accepts nothing more', async () => {
    const { redis, publish, started } = memoryPubSub({
      capacity: 1,
      overflow: 'drop-oldest',
      onGap: 'error',
    });
    const iterator = await started();
    publish(1, 2);
    await iterator.return();
    await untilLeft(redis);
    await expect(iterator.next()).resolves.toEqual({ done: true, value: undefined });
    await expect(iterator.throw(new Error('gone'))).rejects.toThrow('gone');
  });
});

describe('An outage', () => {
  async function outage(redis: MemoryPubSub) {
    redis.disconnect();
    redis.reconnect();
    await Promise.resolve();
  }

  it('is an event, and iterators go on', async () => {
    const { redis, publish, started, events } = memoryPubSub();
    const iterators = [await started(), await started()];
    await outage(redis);
    publish('next');
    expect(await take(iterators[1]!, 1)).toEqual(['next']);
    expect(events).toEqual(['subscribed', 'disconnected', 'gap reconnect undefined']);
  });

  it("with onGap: 'error' ends iterators in its place", async () => {
    const { redis, publish, started } = memoryPubSub({ onGap: 'error' });
    const iterator = await started();
    publish('before');
    await outage(redis);
    publish('after');
    expect(await take(iterator, 1)).toEqual(['before']);
    await expect(iterator.next()).rejects.toMatchObject({ code: 'ERR_GAP', gap: { cause: 'reconnect' } });
    await untilLeft(redis);
  });

  it('with a function is one payload in its place, for all triggers of an iterator', async () => {
    const onGap = ({ cause, channels }: Gap) => ({ cause, on: channels.map(({ name }) => name) });
    const { redis, pubSub, publish, started } = memoryPubSub({ onGap });
    const received: unknown[] = [];
    await pubSub.subscribe('a', (payload) => received.push(payload));
    const iterator = await started(['a', 'b']);
    publish('before');
    await outage(redis);
    publish('after');
    const gap = { cause: 'reconnect', on: ['a', 'b'] };
    expect(await take(iterator, 3)).toEqual(['before', gap, 'after']);
    expect(received).toEqual(['first', 'before', gap, 'after']);
  });

  it('with a function that returns nothing is not seen', async () => {
    const { redis, publish, started } = memoryPubSub({ onGap: () => undefined });
    const iterator = await started();
    await outage(redis);
    publish('after');
    expect(await take(iterator, 1)).toEqual(['after']);
  });

  it('that is final ends iterators with an error', async () => {
    const { redis, started } = memoryPubSub();
    const iterator = await started();
    redis.giveUp();
    await expect(iterator.next()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
  });
});

describe('A callback', () => {
  const reported: unknown[] = [];

  beforeEach(() => {
    config.onUnhandledError = (error) => reported.push(error);
  });

  afterEach(() => {
    config.onUnhandledError = null;
  });

  it('that throws is reported, and goes on; so is the end of the client', async () => {
    const { redis, pubSub, publish } = memoryPubSub({ onGap: 'error' });
    const received: unknown[] = [];
    await pubSub.subscribe('a', (payload) => {
      received.push(payload);
      throw new RangeError('no');
    });
    publish(1);
    redis.disconnect();
    redis.reconnect();
    publish(2);
    redis.giveUp();
    await until(() => reported.length === 3);
    expect(received).toEqual([1, 2]);
    expect(reported).toEqual([
      new RangeError('no'),
      new RangeError('no'),
      expect.objectContaining({ code: 'ERR_CONNECTION_LOST' }),
    ]);
  });
});
