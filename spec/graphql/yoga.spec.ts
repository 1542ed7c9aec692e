import { createPubSub, createSchema, createYoga, map, pipe, type PubSub } from 'graphql-yoga';
import { Receiver, type Gap } from '../../lib/index.js';
import { createRedisEventTarget, type RedisEventTargetOptions } from '../../lib/graphql/yoga.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { until } from '../support/until.js';
import { PubSubFixture } from './pub-sub-fixture.js';

// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- Yoga wants an index signature, which no interface has.
type Events = {
  'order:paid': [id: string, order: { id: string; total: number }];
  news: [text: string];
  nothing: [];
};

describe('An event target on Redis', () => {
  const fixture = new PubSubFixture();

  async function target(options: Partial<RedisEventTargetOptions> = {}) {
    const [subscribeClient, publishClient] = await Promise.all([fixture.client(), fixture.client()]);
    const eventTarget = createRedisEventTarget({
      publishClient,
      ...(options.receiver ? {} : { subscribeClient }),
      ...options,
    });
    const subscribers = async (topic: string) => (await publishClient.pubSubNumSub(topic))[topic];
    const untilSubscribed = (topic: string, count = 1) =>
      until(async () => (await subscribers(topic)) === count, { message: `${count} × ${topic}` });
    const dispatch = (topic: string, detail?: unknown) =>
      eventTarget.dispatchEvent(new CustomEvent(topic, { detail }));
    return { eventTarget, subscribeClient, publishClient, untilSubscribed, dispatch };
  }

  it('serves createPubSub(): topics, topics with an id, and events without a payload', async () => {
    const { eventTarget, untilSubscribed } = await target();
    const pubSub: PubSub<Events> = createPubSub<Events>({ eventTarget });
    const paid = pubSub.subscribe('order:paid', '7');
    const nothing = pubSub.subscribe('nothing');
    const pulls = [paid.next(), nothing.next()];
    await untilSubscribed('order:paid:7');
    await untilSubscribed('nothing');
    pubSub.publish('order:paid', '8', { id: '8', total: 1 });
    pubSub.publish('order:paid', '7', { id: '7', total: 2 });
    pubSub.publish('nothing');
    expect(await Promise.all(pulls)).toEqual([
      { done: false, value: { id: '7', total: 2 } },
      { done: false, value: null },
    ]);
    await paid.return();
    await nothing.return();
    await untilSubscribed('order:paid:7', 0);
    await untilSubscribed('nothing', 0);
  });

  it('serves the subscriptions of a GraphQL Yoga, by Server-Sent Events', async () => {
    const { eventTarget, untilSubscribed } = await target();
    const pubSub = createPubSub<Events>({ eventTarget });
    const yoga = createYoga({
      logging: false,
      schema: createSchema({
        typeDefs: 'type Query { ok: Boolean } type Subscription { news: String! }',
        resolvers: {
          Subscription: {
            news: {
              subscribe: () =>
                pipe(
                  pubSub.subscribe('news'),
                  map((news) => ({ news })),
                ),
            },
          },
        },
      }),
    });
    const url = `http://yoga/graphql?query=${encodeURIComponent('subscription { news }')}`;
    const response = await yoga.fetch(url, { headers: { accept: 'text/event-stream' } });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const read = (async () => {
      while (!text.includes('hello')) text += (await reader.read()).value ?? '';
    })();
    await untilSubscribed('news');
    pubSub.publish('news', 'hello');
    await read;
    expect(text).toContain('event: next\ndata: {"data":{"news":"hello"}}\n\n');
    await reader.cancel();
    await untilSubscribed('news', 0);
  });

  it('subscribes a topic once, calls each listener once, and unsubscribes with the last one', async () => {
    const { eventTarget, untilSubscribed, dispatch } = await target();
    const received: unknown[] = [];
    const listener = ({ type, detail }: { type: string; detail: unknown }) => received.push([type, detail]);
    const object = {
      name: 'object',
      handleEvent({ detail }: { detail: unknown }) {
        received.push([this.name, detail]);
      },
    };
    eventTarget.addEventListener('a', listener);
    eventTarget.addEventListener('a', listener);
    eventTarget.addEventListener('a', object);
    eventTarget.addEventListener('a', null);
    await untilSubscribed('a');
    expect(dispatch('a', { n: 1 })).toBe(true);
    await until(() => received.length === 2);
    expect(received.splice(0)).toEqual([
      ['a', { n: 1 }],
      ['object', { n: 1 }],
    ]);
    eventTarget.removeEventListener('a', listener);
    eventTarget.removeEventListener('a', listener);
    eventTarget.removeEventListener('a', null);
    dispatch('a');
    await until(() => received.length === 1);
    expect(received).toEqual([['object', null]]);
    eventTarget.removeEventListener('a', object);
    await untilSubscribed('a', 0);
  });

  it('removes listeners that are called once, or whose signal aborts', async () => {
    const { eventTarget, untilSubscribed, dispatch } = await target();
    const received: string[] = [];
    const controller = new AbortController();
    eventTarget.addEventListener('a', () => received.push('once'), { once: true });
    eventTarget.addEventListener('a', () => received.push('signal'), { signal: controller.signal });
    eventTarget.addEventListener('b', () => received.push('never'), { signal: AbortSignal.abort() });
    await untilSubscribed('a');
    dispatch('a');
    dispatch('a');
    await until(() => received.length === 3);
    expect(received).toEqual(['once', 'signal', 'signal']);
    controller.abort();
    await untilSubscribed('a', 0);
    await untilSubscribed('b', 0);
  });

  it('has the format of a serializer', async () => {
    const serializer = {
      stringify: (detail: unknown) => `<${String(detail)}>`,
      parse: (text: string) => text,
    };
    const { eventTarget, untilSubscribed, dispatch } = await target({ serializer });
    const received: unknown[] = [];
    eventTarget.addEventListener('a', ({ detail }) => received.push(detail));
    await untilSubscribed('a');
    dispatch('a', 7);
    await until(() => received.length === 1);
    expect(received).toEqual(['<7>']);
  });

  it('reports what listeners cannot: refused topics, unreadable messages, errors of listeners', async () => {
    const errors: string[] = [];
    const onError = (error: unknown) => errors.push((error as Error).constructor.name);
    const { eventTarget, subscribeClient, publishClient, untilSubscribed, dispatch } = await target({
      onError,
    });
    await publishClient.aclSetUser('reader', ['on', '>secret', '+@all', 'resetchannels', '&a']);
    await subscribeClient.auth({ username: 'reader', password: 'secret' });
    const received: unknown[] = [];
    const failing = () => {
      throw new RangeError('no');
    };
    const ignored = () => undefined;
    eventTarget.addEventListener('forbidden', ignored);
    eventTarget.addEventListener('a', failing);
    eventTarget.addEventListener('a', ({ detail }) => received.push(detail));
    await untilSubscribed('a');
    await publishClient.publish('a', '{');
    dispatch('a', 1);
    await until(() => received.length === 1 && errors.length >= 3);
    expect([...new Set(errors)].sort()).toEqual(['RangeError', 'SubscribeError', 'SyntaxError']);
    eventTarget.removeEventListener('forbidden', ignored);
    publishClient.destroy();
    dispatch('a', 2);
    await until(() => errors.includes('ClientClosedError'));
    const admin = await fixture.client();
    await admin.aclDelUser('reader');
  });

  it('warns of errors once for each kind, without onError', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation();
    fixture.closeLater(() => warn.mockRestore());
    const redis = new MemoryPubSub();
    const eventTarget = createRedisEventTarget({ publishClient: redis.publisher(), subscribeClient: redis });
    eventTarget.addEventListener('a', () => {
      throw new RangeError('This listener fails.');
    });
    for (const data of ['1', '2', '{', '{']) redis.publish('a', data);
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(/^This listener fails\. Pass `onError`/),
        expect.objectContaining({ type: 'RedisEventTargetWarning' }),
      ],
      [expect.stringMatching(/JSON.* Pass `onError`/), expect.anything()],
    ]);
  });

  it('tells of a gap once an outage, and ends with the Receiver on whose client it is', async () => {
    const redis = new MemoryPubSub();
    const receiver = new Receiver(redis);
    const gaps: Gap[] = [];
    const { eventTarget } = await target({ receiver, onGap: (gap) => gaps.push(gap) });
    eventTarget.addEventListener('a', () => undefined);
    eventTarget.addEventListener('b', () => undefined);
    redis.disconnect();
    redis.reconnect();
    await until(() => gaps.length === 1);
    expect(gaps[0]?.channels.map(({ name }) => name)).toEqual(['a', 'b']);
    await receiver.stop();
    await until(() => redis.subscriptions('channel').length === 0);
  });
});
