import type { PubSubEngine } from 'graphql-subscriptions';
import { Receiver, type Gap } from '../../lib/index.js';
import { RedisPubSub } from '../../lib/graphql/index.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { PubSubFixture, take } from './pub-sub-fixture.js';

describe('A RedisPubSub', () => {
  const fixture = new PubSubFixture();

  it('is a PubSubEngine', async () => {
    const { pubSub } = await fixture.pubSub();
    const engine: PubSubEngine = pubSub;
    expect(typeof engine.asyncIterableIterator('a')[Symbol.asyncIterator]).toBe('function');
  });

  describe('subscribe()', () => {
    it('resolves to a number when Redis has acknowledged, and calls back with each payload', async () => {
      const { pubSub, subscribers, untilSubscribed } = await fixture.pubSub();
      const received: unknown[] = [];
      const id = await pubSub.subscribe('posts', (payload) => received.push(payload));
      expect(typeof id).toBe('number');
      expect(await subscribers('posts')).toBe(1);
      await pubSub.publish('posts', 'test');
      await pubSub.publish('posts', { comment: { text: 'good' } });
      await until(() => received.length === 2);
      expect(received).toEqual(['test', { comment: { text: 'good' } }]);
      pubSub.unsubscribe(id);
      await untilSubscribed('posts', 0);
    });

    it('receives through a pattern', async () => {
      const { pubSub, publisher } = await fixture.pubSub();
      const received: unknown[] = [];
      const id = await pubSub.subscribe('posts*', (payload) => received.push(payload), { pattern: true });
      expect(await publisher.pubSubNumPat()).toBe(1);
      await pubSub.publish('posts.7', 'test');
      await until(() => received.length === 1);
      pubSub.unsubscribe(id);
      await until(async () => (await publisher.pubSubNumPat()) === 0);
    });

    it('subscribes a channel once for all callbacks, and unsubscribes it with the last one', async () => {
      const { pubSub, subscribers, untilSubscribed } = await fixture.pubSub();
      const received: string[] = [];
      const ids = await Promise.all([
        pubSub.subscribe<string>('posts', (payload) => received.push(`first ${payload}`)),
        pubSub.subscribe<string>('posts', (payload) => received.push(`second ${payload}`)),
      ]);
      expect(await subscribers('posts')).toBe(1);
      await pubSub.publish('posts', '1');
      await until(() => received.length === 2);
      pubSub.unsubscribe(ids[0]);
      await pubSub.publish('posts', '2');
      await until(() => received.length === 3);
      expect(received).toEqual(['first 1', 'second 1', 'second 2']);
      expect(await subscribers('posts')).toBe(1);
      pubSub.unsubscribe(ids[1]);
      await untilSubscribed('posts', 0);
    });

    it('rejects for a channel that Redis refuses', async () => {
      const { pubSub, subscriber, publisher } = await fixture.pubSub();
      await publisher.aclSetUser('reader', ['on', '>secret', '+@all', 'resetchannels', '&allowed']);
      await subscriber.auth({ username: 'reader', password: 'secret' });
      await expect(pubSub.subscribe('forbidden', () => undefined)).rejects.toMatchObject({
        code: 'ERR_SUBSCRIBE',
        channel: 'forbidden',
      });
      await expect(pubSub.subscribe('allowed', () => undefined)).resolves.toBeGreaterThan(0);
      await publisher.aclDelUser('reader');
    });

    it('makes the channel from the trigger and the options with triggerTransform', async () => {
      const { pubSub } = await fixture.pubSub({
        triggerTransform: (trigger, { path }: { path: string[] }) => [trigger, ...path].join('.'),
      });
      const received: unknown[] = [];
      await pubSub.subscribe('comments', (payload) => received.push(payload), { path: ['a', 'b'] });
      await pubSub.publish('comments.a.b', 'test');
      await until(() => received.length === 1);
      expect(received).toEqual(['test']);
    });
  });

  it('forgets a subscription that has ended', async () => {
    const { pubSub } = await fixture.pubSub();
    const id = await pubSub.subscribe('posts', () => undefined);
    pubSub.unsubscribe(id);
    for (const unknown of [id, 123])
      expect(() => pubSub.unsubscribe(unknown)).toThrow(/subscription that has not ended, got \d+\.$/);
  });

  describe('an iterator', () => {
    it.each(['asyncIterator', 'asyncIterableIterator'] as const)(
      'of %s() subscribes at the first next(), and unsubscribes at return()',
      async (method) => {
        const { pubSub, subscribers, untilSubscribed } = await fixture.pubSub();
        const iterator = pubSub[method]<{ test: boolean }>('test');
        await pubSub.publish('test', { test: false });
        expect(await subscribers('test')).toBe(0);
        const first = iterator.next();
        await untilSubscribed('test');
        await pubSub.publish('test', { test: true });
        await expect(first).resolves.toEqual({ done: false, value: { test: true } });
        const pending = iterator.next();
        await iterator.return();
        await expect(pending).resolves.toEqual({ done: true, value: undefined });
        await untilSubscribed('test', 0);
        await pubSub.publish('test', { test: true });
        await expect(iterator.next()).resolves.toEqual({ done: true, value: undefined });
      },
    );

    it('receives only its triggers, several in the order of Redis', async () => {
      const { pubSub, untilSubscribed } = await fixture.pubSub();
      const iterator = pubSub.asyncIterableIterator<number>(['a', 'b']);
      const first = iterator.next();
      await untilSubscribed('a');
      await untilSubscribed('b');
      for (const [index, trigger] of ['other', 'b', 'a', 'b', 'a'].entries())
        await pubSub.publish(trigger, index);
      await expect(first).resolves.toEqual({ done: false, value: 1 });
      expect(await take(iterator, 3)).toEqual([2, 3, 4]);
      await iterator.return();
    });

    it('receives through patterns', async () => {
      const { pubSub, publisher } = await fixture.pubSub();
      const iterator = pubSub.asyncIterator<string>('order.*', { pattern: true });
      const first = iterator.next();
      await until(async () => (await publisher.pubSubNumPat()) === 1);
      await pubSub.publish('order.7', 'paid');
      await expect(first).resolves.toEqual({ done: false, value: 'paid' });
      await iterator.return();
      await until(async () => (await publisher.pubSubNumPat()) === 0);
    });

    it('unsubscribes when the last of many clients has gone, however they go', async () => {
      const { pubSub, untilSubscribed } = await fixture.pubSub();
      const iterators = Array.from({ length: 20 }, () => pubSub.asyncIterator<number>('a'));
      const pulls = iterators.map((iterator) => iterator.next());
      await untilSubscribed('a');
      await pubSub.publish('a', 1);
      expect(await Promise.all(pulls)).toEqual(pulls.map(() => ({ done: false, value: 1 })));
      const [last, ...others] = iterators;
      for (const [index, iterator] of others.entries()) {
        if (index % 2) await iterator.return();
        else await iterator.throw(new Error('left')).catch(() => undefined);
      }
      await untilSubscribed('a', 1);
      await pubSub.publish('a', 2);
      for await (const payload of last!) if (payload === 2) break;
      await untilSubscribed('a', 0);
    });

    it('rejects for a channel that Redis refuses, and leaves the others', async () => {
      const { pubSub, subscriber, publisher, untilSubscribed } = await fixture.pubSub();
      await publisher.aclSetUser('reader', ['on', '>secret', '+@all', 'resetchannels', '&allowed']);
      await subscriber.auth({ username: 'reader', password: 'secret' });
      const iterator = pubSub.asyncIterableIterator(['allowed', 'forbidden']);
      await expect(iterator.next()).rejects.toMatchObject({ code: 'ERR_SUBSCRIBE', channel: 'forbidden' });
      await expect(iterator.next()).resolves.toEqual({ done: true, value: undefined });
      await untilSubscribed('allowed', 0);
      await publisher.aclDelUser('reader');
    });
  });

  it('rejects at once on a client that is not open', async () => {
    const { pubSub, subscriber } = await fixture.pubSub();
    subscriber.destroy();
    const error = { code: 'ERR_SUBSCRIBE' };
    await expect(pubSub.asyncIterator('a').next()).rejects.toMatchObject(error);
    await expect(pubSub.subscribe('a', () => undefined)).rejects.toMatchObject(error);
  });

  describe('payloads', () => {
    const first = async (options: ConstructorParameters<typeof RedisPubSub>[0], payload: unknown) => {
      const { pubSub, publisher } = await fixture.pubSub(options);
      const received: unknown[] = [];
      await pubSub.subscribe('a', (value) => received.push(value));
      if (Buffer.isBuffer(payload)) await publisher.publish('a', payload);
      else await pubSub.publish('a', payload);
      await until(() => received.length === 1);
      return received[0];
    };

    it('are JSON, with a reviver for what JSON has not', async () => {
      const payload = { at: new Date(), text: '2018-13-01T12:00:00Z' };
      const reviver = (key: string, value: unknown) => (key === 'at' ? new Date(String(value)) : value);
      expect(await first({ reviver }, payload)).toEqual(payload);
    });

    it('are strings where a message is not JSON', async () => {
      expect(await first({}, Buffer.from('plain text'))).toBe('plain text');
    });

    it('have the format of a serializer and a deserializer', async () => {
      const contexts: unknown[] = [];
      const options: ConstructorParameters<typeof RedisPubSub>[0] = {
        serializer: (payload) => `<${String(payload)}>`,
        deserializer: (data, context) => {
          contexts.push(Buffer.isBuffer(data), context);
          return data.toString().slice(1, -1);
        },
      };
      expect(await first(options, 'custom')).toBe('custom');
      expect(contexts).toEqual([true, { channel: 'a' }]);
    });

    it('are the data itself where the deserializer throws', async () => {
      const deserializer = () => {
        throw new Error('no');
      };
      expect(await first({ deserializer }, { hello: 'world' })).toBe('{"hello":"world"}');
    });

    it('are decoded once for all clients', async () => {
      let count = 0;
      const deserializer = () => ++count;
      const { pubSub, untilSubscribed } = await fixture.pubSub({ deserializer });
      const iterators = [pubSub.asyncIterator('a'), pubSub.asyncIterator('a')];
      const pulls = iterators.map((iterator) => iterator.next());
      await untilSubscribed('a');
      await pubSub.publish('a', 'x');
      expect(await Promise.all(pulls)).toEqual(Array(2).fill({ done: false, value: 1 }));
      for (const iterator of iterators) await iterator.return();
    });

    it('reject the publisher where they cannot be written', async () => {
      const serializer = () => {
        throw new Error('no');
      };
      const { pubSub } = await fixture.pubSub({ serializer });
      await expect(pubSub.publish('a', 1)).rejects.toThrow('no');
      const { pubSub: json } = await fixture.pubSub();
      await expect(json.publish('a', undefined)).rejects.toThrow('one that JSON can carry, got undefined');
    });

    it('are Buffers with the names of the events for Buffers', async () => {
      const data = Buffer.from([0, 0xff, 0x80]);
      expect(await first({ messageEventName: 'messageBuffer' }, data)).toEqual(data);
      const { pubSub } = await fixture.pubSub({ pmessageEventName: 'pmessage_buffer' });
      const received: unknown[] = [];
      await pubSub.subscribe('b*', (value) => received.push(value), { pattern: true });
      await pubSub.publish('b1', data);
      await until(() => received.length === 1);
      expect(received).toEqual([data]);
    });
  });

  describe('with a connection', () => {
    it('opens it when it is needed, and closes it', async () => {
      const admin = await fixture.client();
      const count = async () => (await admin.clientList()).length;
      const before = await count();
      const connected: (Error | undefined)[] = [];
      const connectionListener = (error?: Error) => connected.push(error);
      const pubSub = new RedisPubSub({ connection: fixture.redis.url, connectionListener });
      const iterator = pubSub.asyncIterableIterator<string>('a');
      expect(await count()).toBe(before);
      const first = iterator.next();
      await until(async () => (await admin.pubSubNumSub('a')).a === 1);
      await pubSub.publish('a', 'test');
      await expect(first).resolves.toEqual({ done: false, value: 'test' });
      expect(await count()).toBe(before + 2);
      expect(connected).toEqual([undefined, undefined]);
      const pending = iterator.next();
      await pubSub.close();
      await expect(pending).resolves.toEqual({ done: true, value: undefined });
      await until(async () => (await count()) === before);
      const closed = { code: 'ERR_CHANNEL_CLOSED' };
      await expect(pubSub.publish('a', 1)).rejects.toMatchObject(closed);
      await expect(pubSub.subscribe('a', () => undefined)).rejects.toMatchObject(closed);
      await expect(pubSub.asyncIterableIterator('a').next()).rejects.toMatchObject(closed);
    });

    it('ends iterators that wait for a server when it is closed', async () => {
      const errors: (Error | undefined)[] = [];
      const pubSub = new RedisPubSub({
        connection: 'redis://127.0.0.1:1',
        connectionListener: (error) => errors.push(error),
      });
      const pending = pubSub.asyncIterableIterator('a').next();
      const refused = expect(pubSub.subscribe('a', () => undefined)).rejects.toMatchObject({
        code: 'ERR_CHANNEL_CLOSED',
      });
      await until(() => errors.length > 0);
      expect(errors[0]).toMatchObject({ code: 'ECONNREFUSED' });
      await pubSub.close();
      await expect(pending).resolves.toEqual({ done: true, value: undefined });
      await refused;
    });

    it('tells each client of a lost connection, in its place, and goes on', async () => {
      await using proxy = await TcpProxy.start(Number(new URL(fixture.redis.url).port));
      const publisher = await fixture.client();
      const onGap = ({ cause }: Gap) => cause;
      const pubSub = new RedisPubSub({ connection: proxy.url, publisher, onGap });
      fixture.closeLater(() => pubSub.close());
      const events: string[] = [];
      pubSub.events.subscribe(({ type }) => events.push(type));
      const iterators = Array.from({ length: 3 }, () => pubSub.asyncIterator(['a', 'b']));
      const firsts = iterators.map((iterator) => iterator.next());
      for (const channel of ['a', 'b'])
        await until(async () => (await publisher.pubSubNumSub(channel))[channel] === 1);
      await pubSub.publish('a', 'before');
      await Promise.all(firsts);
      proxy.cut();
      await until(() => events.includes('gap'));
      await pubSub.publish('b', 'after');
      for (const iterator of iterators) expect(await take(iterator, 2)).toEqual(['reconnect', 'after']);
      expect(events).toEqual(['subscribed', 'subscribed', 'disconnected', 'gap']);
    });

    it('tries again after a refusal', async () => {
      const admin = await fixture.client();
      const url = new URL(fixture.redis.url);
      [url.username, url.password] = ['late', 'secret'];
      const pubSub = new RedisPubSub({ connection: url.href });
      fixture.closeLater(() => pubSub.close());
      await expect(pubSub.publish('a', 1)).rejects.toThrow('WRONGPASS');
      await expect(pubSub.asyncIterableIterator('a').next()).rejects.toThrow('WRONGPASS');
      await admin.aclSetUser('late', ['on', '>secret', '+@all', 'allchannels']);
      await pubSub.publish('a', 1);
      await pubSub.subscribe('a', () => undefined);
      await admin.aclDelUser('late');
    });
  });

  describe('with a Receiver', () => {
    it('shares its connection, and neither its messages nor its queue', async () => {
      const receiver = await Receiver.open(fixture.redis.url);
      fixture.closeLater(() => receiver.stop());
      receiver.channel('a');
      await receiver.connect();
      const publisher = await fixture.client();
      const pubSub = new RedisPubSub({ receiver, publisher });
      const iterator = pubSub.asyncIterableIterator<number>(['a', 'b']);
      const pull = iterator.next();
      await until(async () => (await publisher.pubSubNumSub('b')).b === 1);
      expect((await publisher.pubSubNumSub('a')).a).toBe(1);
      await pubSub.publish('b', 1);
      await expect(pull).resolves.toEqual({ done: false, value: 1 });
      expect([...receiver.channels.keys()]).toEqual(['a']);
      expect(receiver.stats.received).toBe(0);
      await iterator.return();
      await until(async () => (await publisher.pubSubNumSub('b')).b === 0);
      expect((await publisher.pubSubNumSub('a')).a).toBe(1);
    });

    it('ends with it', async () => {
      const receiver = new Receiver(await fixture.client());
      const pubSub = new RedisPubSub({ receiver });
      const pending = pubSub.asyncIterableIterator('a').next();
      await receiver.stop();
      await expect(pending).resolves.toEqual({ done: true, value: undefined });
      await expect(pubSub.subscribe('a', () => undefined)).rejects.toMatchObject({
        code: 'ERR_CHANNEL_CLOSED',
      });
    });
  });

  it('leaves borrowed clients open, without a subscription or a listener', async () => {
    const { pubSub, subscriber, publisher, untilSubscribed } = await fixture.pubSub();
    const listeners = () => subscriber.eventNames().map((name) => [name, subscriber.listenerCount(name)]);
    const before = listeners();
    await pubSub.subscribe('a', () => undefined);
    const pending = pubSub.asyncIterableIterator('b').next();
    await untilSubscribed('b');
    await pubSub[Symbol.asyncDispose]();
    await expect(pending).resolves.toEqual({ done: true, value: undefined });
    await untilSubscribed('a', 0);
    await untilSubscribed('b', 0);
    expect(subscriber.isReady && publisher.isReady).toBe(true);
    expect(listeners()).toEqual(before);
  });
});
