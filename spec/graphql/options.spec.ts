import { Receiver } from '../../lib/index.js';
import { createRedisEventTarget, RedisPubSub } from '../../lib/graphql/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

const clear = (text: RegExp) =>
  expect.objectContaining({
    name: 'TypeError',
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(text) as string,
  }) as Error;

const redis = new MemoryPubSub();
const publisher = redis.publisher();
const receiver = new Receiver(redis);
const create = (options: unknown) => () => new RedisPubSub(options as never);
const createTarget = (options: unknown) => () => createRedisEventTarget(options as never);

describe('A RedisPubSub refuses', () => {
  it.each<[string, unknown, RegExp]>([
    ['a client in place of options', redis, /options of a RedisPubSub to be a plain object, got/],
    ['an unknown option', { subscribr: redis }, /got "subscribr"\. Did you mean 'subscriber'\?$/],
    ['two sources', { subscriber: redis, receiver }, /'subscriber' to be left out beside 'receiver', got/],
    [
      'a connection beside a client',
      { subscriber: redis, connection: 'redis://a' },
      /beside 'subscriber', got/,
    ],
    ['a listener beside a client', { receiver, connectionListener: () => 1 }, /beside 'receiver', got/],
    ['a publisher alone', { publisher }, /'publisher' to be beside 'subscriber' or 'receiver', got/],
    ['another subscriber', { subscriber: {} }, /the client to be a Redis client of node-redis/],
    ['another publisher', { subscriber: redis, publisher: {} }, /one with the function publish, got/],
    ['another Receiver', { receiver: { client: redis } }, /'receiver' to be a Receiver, got/],
    ['options of ioredis', { connection: { host: 'a' } }, /socket/],
    ['a URL without a scheme', { connection: 'localhost' }, /the URL of the server to be like redis:/],
    [
      'two formats',
      { deserializer: String, reviver: String },
      /'reviver' to be left out beside 'deserializer'/,
    ],
    ['a format that is no function', { serializer: 'json' }, /'serializer' to be a function, got "json"/],
    ['another name of an event', { messageEventName: 'data' }, /'message' or 'messageBuffer', got "data"/],
    [
      'the event of channels for patterns',
      { pmessageEventName: 'messageBuffer' },
      /'pmessage' or 'pmessageBuffer'/,
    ],
    ['another onGap', { onGap: 'throw' }, /'onGap' to be 'event', 'error' or a function, got "throw"/],
    [
      'the policy of recoverable Channels',
      { overflow: 'replay' },
      /'error', 'drop-oldest' or 'drop-incoming', got/,
    ],
    ['a capacity of nothing', { capacity: 0 }, /'capacity' to be a positive integer, got 0/],
  ])('%s', (_, options, text) => {
    expect(create(options)).toThrow(clear(text));
  });

  it('invalid triggers and options of a subscription', async () => {
    const pubSub = new RedisPubSub({ subscriber: redis, publisher });
    const iterate = (triggers: unknown, options?: unknown) => () =>
      pubSub.asyncIterableIterator(triggers as never, options as never);
    expect(iterate([])).toThrow(clear(/the triggers to be a name, or a list of at least one, got/));
    expect(iterate(7)).toThrow(clear(/the channel of a trigger to be a string, got 7/));
    expect(iterate(['a', undefined])).toThrow(
      clear(/the channel of a trigger to be a string, got undefined/),
    );
    expect(iterate('a', { patern: true })).toThrow(clear(/Did you mean 'pattern'\?/));
    expect(iterate('a', { pattern: 'yes' })).toThrow(clear(/'pattern' to be a boolean, got "yes"/));
    expect(iterate('a', true)).toThrow(clear(/the options of a subscription to be an object, got true/));
    await expect(pubSub.subscribe('a', 'log' as never)).rejects.toEqual(
      clear(/onMessage to be a function, got "log"/),
    );
    expect(() => pubSub.unsubscribe(7)).toThrow(clear(/the id to be one of a subscription.*, got 7/));
  });

  it('to publish without a client for it', async () => {
    const pubSub = new RedisPubSub({ subscriber: redis });
    await expect(pubSub.publish('a', 1)).rejects.toEqual(clear(/Pass the client that publishes/));
  });

  it('what a serializer returns, if it is no data', async () => {
    const pubSub = new RedisPubSub({ subscriber: redis, publisher, serializer: (() => 7) as never });
    await expect(pubSub.publish('a', 1)).rejects.toEqual(clear(/a string or a Buffer, got 7/));
  });
});

describe('An event target refuses', () => {
  const good = { publishClient: publisher, subscribeClient: redis };

  it.each<[string, unknown, RegExp]>([
    ['no options', undefined, /the options of createRedisEventTarget to be an object, got undefined/],
    ['an unknown option', { ...good, serialiser: JSON }, /Did you mean 'serializer'\?/],
    ['no client to publish', { subscribeClient: redis }, /one with the function publish, got undefined/],
    ['no client to subscribe', { publishClient: publisher }, /the client to be a Redis client/],
    ['two sources', { ...good, receiver }, /'subscribeClient' to be left out beside 'receiver'/],
    [
      'another serializer',
      { ...good, serializer: { parse: String } },
      /the functions stringify and parse, got/,
    ],
    ['another onError', { ...good, onError: 'log' }, /'onError' to be a function, got "log"/],
    ['another onGap', { ...good, onGap: 'error' }, /'onGap' to be a function, got "error"/],
  ])('%s', (_, options, text) => {
    expect(createTarget(options)).toThrow(clear(text));
  });

  it('a detail that the serializer cannot carry', () => {
    const target = createRedisEventTarget(good);
    const event = new CustomEvent('a', { detail: () => 1 });
    expect(() => target.dispatchEvent(event)).toThrow(clear(/one that the serializer can carry, got/));
  });
});
