import { firstValueFrom, retry, take, tap } from 'rxjs';
import { DecodeError, json, Receiver, SubscribeError, type Codec, type Message } from '../../lib/index.js';
import { marbles, MemoryPubSub } from '../../lib/testing/index.js';
import { assertEqual } from '../support/assert-equal.js';
import { receiverFixture } from '../support/receiver-fixture.js';

/** A codec that cannot decode 'x'. */
const rejectsBad: Codec<string> = {
  encode: String,
  decode(data) {
    if (data.toString() === 'x') throw new Error('an x');
    return data.toString();
  },
};

describe('an error in the stream', () => {
  it('stands at its place, and retry() loses only the failed message', () => {
    const { receiver, publish, received, collect, events } = receiverFixture({ codec: rejectsBad });
    const errors: DecodeError[] = [];
    receiver.pipe(retry({ delay: (error: DecodeError) => (errors.push(error), [1]) })).subscribe(collect);
    publish('1', 'x', '2', 'x', '3');
    expect(received).toEqual(['1', '2', '3']);
    expect(receiver.stats).toMatchObject({ received: 5, delivered: 3, undecodable: 2 });
    const source = receiver.channel('a');
    expect(errors[0]).toMatchObject({
      name: 'DecodeError',
      raw: { source, channel: 'a', data: 'x' },
      cause: new Error('an x'),
    });
    expect(errors[0]?.message).toContain('an x');
    expect(events.filter(({ type }) => type === 'decode-error')).toEqual(
      errors.map((error) => ({ type: 'decode-error', error })),
    );
  });

  it('stands at its place in the queue, too', async () => {
    const { receiver, publish, received, collect } = receiverFixture({ codec: rejectsBad });
    await receiver.connect();
    publish('1', 'x', '2');
    receiver.pipe(retry()).subscribe(collect);
    expect(received).toEqual(['1', '2']);
  });

  it('does not grow the stack, even if there are many', async () => {
    const { receiver, publish, received, collect } = receiverFixture({ codec: rejectsBad });
    await receiver.connect();
    publish(...Array.from({ length: 16_000 }, () => 'x'), '1');
    await firstValueFrom(receiver.pipe(retry(), tap(collect)));
    expect(received).toEqual(['1']);
    expect(receiver.stats).toMatchObject({ undecodable: 16_000, delivered: 1 });
  });

  it('rejects the pull whose turn it is', async () => {
    const { receiver, publish } = receiverFixture({ codec: rejectsBad });
    await receiver.connect();
    publish('1', 'x', '2');
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    await expect(receiver.get()).rejects.toBeInstanceOf(DecodeError);
    await expect(receiver.get()).resolves.toMatchObject({ data: '2' });
  });

  it('of one Channel ends neither another Channel nor other observers of the stream', () => {
    marbles(
      ({ redis: client, receiver, hot, expectObservable }) => {
        hot('                                     -a-x-b').subscribe((data) => {
          client.publish('a', data);
          client.publish('b', data);
        });
        const plain = receiver.channel('b', { codec: { encode: String, decode: String } });
        const data = {
          a: expect.objectContaining({ data: 'a' }),
          x: expect.objectContaining({ data: 'x' }),
          b: expect.objectContaining({ data: 'b' }),
        };
        expectObservable(receiver.channel('a')).toBe('-a-#', data, expect.any(DecodeError));
        expectObservable(plain).toBe('            -a-x-b', data);
      },
      { codec: rejectsBad, assertEqual },
    );
  });

  it('is counted and reported once, even if the Channel is observed, too', () => {
    const { receiver, publish, received, collect, eventTypes } = receiverFixture({ codec: rejectsBad });
    receiver.pipe(retry()).subscribe(collect);
    receiver.channel('a').pipe(retry()).subscribe(collect);
    publish('x', '1');
    expect(received).toEqual(['1', '1']);
    expect(eventTypes().filter((type) => type === 'decode-error')).toHaveLength(1);
    expect(receiver.stats).toMatchObject({ received: 2, delivered: 1, undecodable: 1 });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('thrown');
      },
      'thrown',
    ],
    ['gives a promise', () => Promise.resolve('later'), 'Do what takes time in the stream'],
    [
      'throws a value that is no Error',
      () => {
        throw 'a string';
      },
      'a string',
    ],
    [
      'throws a value that cannot be converted to a string',
      () => {
        throw Object.create(null);
      },
      'cannot be shown',
    ],
  ])('is a DecodeError when a codec %s', async (_name, decode, text) => {
    const { receiver, publish } = receiverFixture({
      codec: { encode: String, decode: decode as unknown as () => string },
    });
    await receiver.connect();
    publish('1');
    await expect(receiver.get()).rejects.toMatchObject({
      code: 'ERR_DECODE',
      message: expect.stringContaining(text),
    });
  });
});

describe('an action of a consumer', () => {
  it('does not throw into the client, end another Channel, or affect another consumer', () => {
    const unhandled: unknown[] = [];
    const { config } = jest.requireActual<typeof import('rxjs')>('rxjs');
    config.onUnhandledError = (error) => unhandled.push(error);
    jest.useFakeTimers();
    const { receiver, publish, received, collect } = receiverFixture();
    receiver.subscribe(() => {
      throw new Error('mine');
    });
    receiver.subscribe(collect);
    receiver.channel('a').subscribe(collect);
    expect(() => publish('1', '2')).not.toThrow();
    expect(received).toEqual(['1', '1', '2', '2']);
    jest.runAllTimers();
    expect(unhandled).toEqual([new Error('mine'), new Error('mine')]);
    config.onUnhandledError = null;
    jest.useRealTimers();
  });

  it('may close, stop or register inside a handler', () => {
    const { client, receiver, publish, received } = receiverFixture();
    receiver.subscribe(({ data }) => {
      received.push(data);
      if (data === '1') void receiver.channel('b').close();
      if (data === '2') receiver.channel('c');
      if (data === '3') void receiver.stop();
    });
    publish('1', '2');
    client.publish('c', 'c');
    publish('3', '4');
    expect(received).toEqual(['1', '2', 'c', '3']);
    expect(client.subscriptions('channel')).toEqual([]);
  });
});

describe('a refused subscription', () => {
  it('does not fail the names that are subscribed with it', async () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    const names = Array.from({ length: 100 }, (_, index) => `c${index}`);
    for (const name of names) receiver.channel(name);
    client.forbidden.add('c63');
    await expect(receiver.connect()).rejects.toMatchObject({
      name: 'SubscribeError',
      kind: 'channel',
      channel: 'c63',
    });
    expect(client.subscriptions('channel').sort()).toEqual(names.filter((name) => name !== 'c63').sort());
    expect(client.log.length).toBeLessThan(20);
  });

  it('rejects connect(), emits an event, and is not repeated in the stream', async () => {
    const { client, receiver, publish, received, observer, events } = receiverFixture();
    client.forbidden.add('b');
    const error = await receiver.connect().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SubscribeError);
    expect((error as Error).message).toContain('NOPERM');
    expect(events).toContainEqual({ type: 'channel-error', source: receiver.channel('b'), error });
    publish('1');
    receiver.subscribe(observer);
    expect(received).toEqual(['1']);
  });

  it('puts an error into the stream if connect() rejects with another, or was not called', async () => {
    const { client, receiver, publish, received, observer, collect } = receiverFixture();
    client.forbidden.add('a').add('b');
    await expect(receiver.connect()).rejects.toMatchObject({ channel: 'a' });
    await expect(receiver.get()).rejects.toMatchObject({ channel: 'b' });
    receiver.subscribe(observer);
    receiver.channel('c');
    client.forbidden.add('d');
    receiver.channel('d');
    expect(received).toEqual(['SubscribeError']);
    client.forbidden.clear();
    await receiver.connect();
    receiver.pipe(take(1)).subscribe(collect);
    publish('1');
    expect(received).toEqual(['SubscribeError', '1']);
  });

  it('can be repeated by the observers of the Channel', () => {
    const { client, receiver, received, collect, publish } = receiverFixture();
    client.forbidden.add('a');
    let tries = 0;
    receiver
      .channel('a')
      .pipe(
        retry({
          delay: () => {
            if (++tries === 3) client.forbidden.clear();
            return [1];
          },
        }),
      )
      .subscribe(collect);
    publish('1');
    expect(tries).toBe(3);
    expect(received).toEqual(['1']);
  });
});

it('gives errors a name, a code, and a text with advice', async () => {
  const { receiver, publish } = receiverFixture({ codec: json<string>() });
  await receiver.connect();
  publish('{');
  const error = (await receiver.get().catch((reason: unknown) => reason)) as DecodeError;
  expect(Object.prototype.toString.call(error)).toBe('[object Error]');
  expect(`${error.name}: ${error.message}`).toMatch(
    /^DecodeError: A message on "a" could not be decoded: .*JSON.*retry\(\)/,
  );
  expect(error.raw satisfies Message<string | Buffer>).toMatchObject({
    channel: 'a',
    data: '{',
  });
});
