import { asyncScheduler, defer, retry, throwError } from 'rxjs';
import { createClient } from 'redis';
import {
  ConnectionLostError,
  json,
  Receiver,
  retryRecoverable,
  type SubscribeError,
} from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { sharedRedis } from '../support/shared-redis.js';
import { until } from '../support/until.js';

const redis = sharedRedis();

describe('retryRecoverable()', () => {
  it('continues after an undecodable payload, and reports the error', () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client, { codec: json<number>() });
    const received: unknown[] = [];
    receiver
      .channel('a')
      .pipe(retryRecoverable({ onError: ({ name }) => received.push(name) }))
      .subscribe(({ data }) => received.push(data));
    for (const data of ['1', '{', '2']) client.publish('a', data);
    expect(received).toEqual([1, 'DecodeError', 2]);
  });

  it('passes on a final error', () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    const errors: unknown[] = [];
    receiver
      .channel('a')
      .pipe(retryRecoverable())
      .subscribe({ error: (error) => errors.push(error) });
    client.giveUp();
    expect(errors).toEqual([expect.any(ConnectionLostError)]);
  });

  it.each([new Error('thrown by an operator'), undefined, 'a text'])('passes on %p', (thrown) => {
    const errors: unknown[] = [];
    throwError(() => thrown)
      .pipe(retryRecoverable())
      .subscribe({ error: (error) => errors.push(error) });
    expect(errors).toEqual([thrown]);
  });

  it('refuses an `onError` that is not a function', () => {
    expect(() => retryRecoverable({ onError: 'log' as never })).toThrow(/'onError' to be a function/);
  });
});

describe('retry()', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }));
  afterEach(() => jest.useRealTimers());

  it.each([
    ['a Receiver', (receiver: Receiver) => receiver],
    ['a Channel', (receiver: Receiver) => receiver.channel('a')],
  ])('on %s passes on the final error of a client that has given up', (_, of) => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    receiver.channel('a');
    const errors: unknown[] = [];
    of(receiver)
      .pipe(retry())
      .subscribe({ error: (error) => errors.push(error) });
    client.giveUp();
    expect(errors).toEqual([expect.any(ConnectionLostError)]);
  });

  it.each([
    ['a Receiver', (receiver: Receiver) => receiver],
    ['a Channel', (receiver: Receiver) => receiver.channel('a')],
  ])('on %s whose client is not open waits, and continues when the client is open', async (_, of) => {
    const client = new MemoryPubSub();
    await client.close();
    const receiver = new Receiver(client);
    receiver.channel('a');
    const received: unknown[] = [];
    of(receiver)
      .pipe(retry())
      .subscribe({ next: ({ data }) => received.push(data), error: (error) => received.push(error) });
    expect(received).toEqual([]);
    await Promise.resolve();
    await client.connect();
    jest.advanceTimersByTime(1_000);
    client.publish('a', '1');
    expect(received).toEqual(['1']);
  });

  it('ends every later observer with the final error at once', async () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    const channel = receiver.channel('a');
    channel.subscribe({ error: () => undefined });
    client.giveUp();
    await client.connect();
    for (const source of [receiver, channel, receiver.pipe(retry()), channel.pipe(retry())]) {
      const errors: unknown[] = [];
      source.subscribe({ error: (error) => errors.push(error) });
      expect(errors).toEqual([expect.any(ConnectionLostError)]);
    }
    expect(client.log).toEqual(['SUBSCRIBE a']);
  });

  it('does not recurse, however an observer resubscribes', async () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    receiver.channel('a').subscribe({ error: () => undefined });
    client.giveUp();
    let tries = 0;
    const observe = () =>
      receiver.subscribe({
        error: () => {
          tries++;
          observe();
        },
      });
    observe();
    expect(tries).toBeLessThan(200);
    let others = 0;
    await Promise.resolve();
    defer(() => receiver)
      .pipe(retry({ delay: () => (others++, [1]) }))
      .subscribe();
    expect(others).toBeLessThan(200);
  });

  it('on a refused name requests it with pauses, until Redis permits the name', () => {
    const client = new MemoryPubSub();
    client.forbidden.add('a');
    const receiver = new Receiver(client);
    const received: string[] = [];
    receiver
      .channel('a')
      .pipe(retry())
      .subscribe(({ data }) => received.push(data));
    expect(client.log.length).toBeLessThan(10);
    jest.advanceTimersByTime(10_000);
    expect(client.log.length).toBeLessThan(20);
    client.forbidden.clear();
    jest.advanceTimersByTime(2_000);
    client.publish('a', '1');
    expect(received).toEqual(['1']);
    void receiver.stop();
    jest.advanceTimersByTime(5_000);
    expect(jest.getTimerCount()).toBe(0);
  });
});

it('requests a refused name from a real Redis with pauses', async () => {
  const admin = await createClient({ url: redis.url }).connect();
  await admin.aclSetUser('limited', ['on', '>secret', '+@all', 'resetchannels', '&ok*']);
  const client = createClient({ url: redis.url.replace('//', '//limited:secret@') });
  await client.connect();
  const receiver = new Receiver(client);
  const errors: SubscribeError[] = [];
  const calls = async () =>
    Number(/cmdstat_subscribe:.*rejected_calls=(\d+)/.exec(await admin.info('commandstats'))?.[1]);
  receiver
    .channel('no')
    .pipe(retry({ delay: (error: SubscribeError) => (errors.push(error), [1]) }))
    .subscribe();
  await until(() => errors.length >= 5);
  await new Promise<void>((resolve) => void asyncScheduler.schedule(() => resolve(), 0));
  expect(await calls()).toBeLessThan(10);
  await receiver.stop();
  client.destroy();
  admin.destroy();
});
