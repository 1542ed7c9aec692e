import { join } from 'node:path';
import { config, delay, EMPTY, of, Subject, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { publishTo, Receiver, type PubSubClient } from '../../lib/index.js';
import { Acknowledgement } from '../../lib/testing/acknowledgement.js';
import { marbles, MemoryPubSub, type MemoryMessage, type Publication } from '../../lib/testing/index.js';
import { runScript } from '../support/run-script.js';
import { sharedRedis } from '../support/shared-redis.js';
import { until } from '../support/until.js';

const clear = (message: RegExp): Error =>
  expect.objectContaining({
    name: 'TypeError',
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  }) as Error;

const create = (...options: ConstructorParameters<typeof MemoryPubSub>) => {
  const redis = new MemoryPubSub(...options);
  const received: string[] = [];
  const events: string[] = [];
  for (const event of ['error', 'reconnecting', 'connect', 'ready', 'end', 'terminated'])
    redis.on(event, () => void events.push(event));
  return { redis, received, events, collect: (data: string | Buffer) => void received.push(String(data)) };
};

describe('MemoryPubSub', () => {
  it('acknowledges in the same tick, and settles the promise then', async () => {
    const { redis, received, collect } = create();
    const settled: string[] = [];
    const promise = redis.subscribe('a', collect);
    void promise.then(() => settled.push('then'));
    expect(settled).toEqual(['then']);
    expect(redis.publish('a', '1')).toBe(1);
    expect(received).toEqual(['1']);
    await expect(promise).resolves.toBeUndefined();
    await promise.finally(() => settled.push('finally'));
    expect(settled).toEqual(['then', 'finally']);
  });

  it('acknowledges after a delay of its scheduler', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run((helpers) => {
      const redis = new MemoryPubSub({ acknowledge: 2 });
      const channel = new Receiver(redis).channel('a');
      redis.feed(helpers.hot('  -a-a-a-a-a-a', { a: ['a', '1'] as const }));
      const received: string[] = [];
      helpers
        .expectObservable(channel, '--^---!')
        .toBe('-----a-', { a: expect.objectContaining({ data: '1' }) });
      helpers.expectObservable(redis.commands).toBe('--s---u', { s: 'SUBSCRIBE a', u: 'UNSUBSCRIBE a' });
      helpers.expectSubscriptions(redis.subscriptionLog('a')).toBe('----^---!');
      expect(received).toEqual([]);
    });
  });

  it('uses the virtual clock outside of TestScheduler.run, too', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    const redis = new MemoryPubSub({ scheduler, acknowledge: 20 });
    const acknowledged = jest.fn();
    void redis.subscribe('a', () => undefined).then(acknowledged);
    scheduler.flush();
    expect(acknowledged).toHaveBeenCalledTimes(1);
    expect(redis.subscriptionLog('a')).toMatchObject([{ subscribedFrame: 20, unsubscribedFrame: Infinity }]);
  });

  it('withholds acknowledgements until they are released, one by one or all', async () => {
    const { redis } = create({ acknowledge: 'withheld' });
    const settled: string[] = [];
    for (const name of ['a', 'b', 'c'])
      void redis.subscribe(name, () => undefined).then(() => settled.push(name));
    expect(redis.log).toEqual(['SUBSCRIBE a', 'SUBSCRIBE b', 'SUBSCRIBE c']);
    expect(redis.acknowledgeNext()).toBe(true);
    expect([settled, redis.subscriptions('channel')]).toEqual([['a'], ['a']]);
    redis.acknowledge();
    expect(settled).toEqual(['a', 'b', 'c']);
    expect(redis.acknowledgeNext()).toBe(false);
    await redis.subscribe('d', () => undefined);
    redis.withhold();
    const rejected = redis.subscribe('e', () => undefined);
    redis.reject(new Error('no more memory'));
    await expect(rejected).rejects.toThrow('no more memory');
    expect(redis.subscriptions('channel')).toEqual(['a', 'b', 'c', 'd']);
  });

  it('delivers messages in one chunk with an acknowledgement before the promise resolves', () => {
    const { redis, received, collect } = create();
    redis.withhold();
    void redis.subscribe('a', collect).then(() => received.push('resolved'));
    redis.acknowledge(() => expect(redis.publish('a', '1')).toBe(1));
    redis.withhold();
    void redis.unsubscribe('a', collect).then(() => received.push('gone'));
    redis.publish('a', '2');
    redis.acknowledge(() => expect(redis.publish('a', '3')).toBe(0));
    expect(received).toEqual(['1', 'resolved', '2', 'gone']);
  });

  it('keeps one order for messages that a listener publishes, across all its clients', async () => {
    const { redis, received } = create();
    const other = redis.duplicate();
    await redis.subscribe('a', (data) => {
      received.push(`channel ${String(data)}`);
      if (data === '1') expect(redis.publish('a', '2')).toBe(3);
    });
    await redis.pSubscribe('*', (data) => void received.push(`pattern ${String(data)}`));
    await other.subscribe('a', (data) => void received.push(`other ${String(data)}`));
    redis.publish('a', '1');
    expect(received).toEqual(['channel 1', 'other 1', 'pattern 1', 'channel 2', 'other 2', 'pattern 2']);
  });

  it('throws the error of a listener from publish(), and calls the other listeners', async () => {
    const { redis, received, collect } = create();
    await redis.subscribe('a', () => {
      throw new Error('a bad listener');
    });
    await redis.pSubscribe('*', collect);
    expect(() => redis.publish('a', '1')).toThrow('a bad listener');
    expect(redis.publish('b', '2')).toBe(1);
    expect(received).toEqual(['1', '2']);
  });

  it('copies published Buffers', async () => {
    const { redis, received } = create();
    const payload = Buffer.from('1');
    await redis.subscribe('a', (data) => void redis.duplicate().publish('b', data), true);
    await redis.subscribe('b', (data) => void received.push(String(data)));
    redis.publish('a', payload);
    payload.write('2');
    expect(received).toEqual(['1']);
  });

  it('refuses forbidden names until they are permitted', async () => {
    const { redis, collect } = create();
    redis.forbidden.add('a').add('p*');
    await expect(redis.subscribe(['a', 'b'], collect)).rejects.toThrow(/^NOPERM/);
    await expect(redis.pSubscribe('p*', collect)).rejects.toThrow(/^NOPERM/);
    expect(redis.subscriptions('channel')).toEqual([]);
    redis.forbidden.clear();
    await redis.subscribe(['a', 'b'], collect);
    expect(redis.subscriptions('channel')).toEqual(['a', 'b']);
  });

  it('emits the events of node-redis when it disconnects and reconnects', () => {
    const { redis, received, events, collect } = create();
    void redis.subscribe('a', collect);
    redis.disconnect();
    expect([redis.isOpen, redis.isReady, redis.publish('a', 'lost')]).toEqual([true, false, 0]);
    redis.disconnect();
    redis.failToReconnect();
    expect(redis.reconnect()).toBe(true);
    expect(redis.reconnect()).toBe(true);
    redis.failToReconnect();
    expect(events).toEqual(['error', 'reconnecting', 'error', 'reconnecting', 'connect', 'ready']);
    redis.publish('a', '1');
    expect(received).toEqual(['1']);
  });

  it('rejects the commands in flight when the connection is lost, or sends them after the reconnection', async () => {
    const { redis, collect } = create({ acknowledge: 'withheld' });
    const first = redis.subscribe('a', collect);
    redis.disconnect(new Error('read ECONNRESET'));
    await expect(first).rejects.toThrow('read ECONNRESET');
    redis.acknowledge();
    redis.reconnect();
    expect(redis.subscriptions('channel')).toEqual([]);
    redis.withhold();
    const second = redis.subscribe('b', collect);
    redis.disconnect(undefined, 'keep');
    const third = redis.subscribe('c', collect);
    redis.reconnect();
    redis.acknowledge();
    await Promise.all([second, third]);
    expect(redis.subscriptions('channel')).toEqual(['b', 'c']);
  });

  it('does not become ready while Redis refuses one of its names', () => {
    const { redis, events, collect } = create();
    void redis.subscribe(['a', 'b'], collect);
    redis.disconnect();
    redis.forbidden.add('b');
    events.length = 0;
    expect(redis.reconnect()).toBe(false);
    expect(events).toEqual(['connect', 'error', 'reconnecting']);
    redis.getPubSubListeners('CHANNELS').delete('b');
    expect(redis.reconnect()).toBe(true);
    expect(redis.subscriptions('channel')).toEqual(['a']);
  });

  it('resubscribes with one command for each kind, but sharded channels one by one', () => {
    const { redis, collect } = create();
    void redis.subscribe(['a', 'b'], collect);
    void redis.sSubscribe(['a', 'b'], collect);
    redis.disconnect();
    redis.withhold();
    redis.reconnect();
    const seen = () => [redis.subscriptions('channel'), redis.subscriptions('shard'), redis.isReady];
    redis.acknowledgeNext();
    expect(seen()).toEqual([['a', 'b'], [], false]);
    redis.acknowledgeNext();
    expect(seen()).toEqual([['a', 'b'], ['a'], false]);
    redis.acknowledgeNext();
    expect(seen()).toEqual([['a', 'b'], ['a', 'b'], true]);
  });

  it('is not made ready by acknowledgements of an older connection', () => {
    const { redis, received, collect } = create();
    void redis.subscribe('a', collect);
    redis.disconnect();
    redis.withhold();
    redis.reconnect();
    redis.acknowledge(() => {
      redis.publish('a', '1'); // the reply has been read
      redis.disconnect();
      redis.withhold();
      redis.reconnect();
    });
    expect([received, redis.isReady]).toEqual([['1'], false]);
    redis.acknowledge();
    expect(redis.isReady).toBe(true);
  });

  it('subscribes a name that UTF-8 cannot encode as Redis receives it, and delivers nothing for it', async () => {
    const { redis, received, collect } = create();
    await redis.subscribe('\ud800', collect);
    expect(redis.subscriptions('channel')).toEqual(['\ufffd']);
    expect([redis.publish('\ud800', '1'), received]).toEqual([1, []]);
  });

  it('emits all commands from the first on, and later ones as they come', () => {
    const { redis, collect } = create();
    void redis.pSubscribe(['a*', 'b*'], collect);
    const commands: string[] = [];
    redis.commands.subscribe((text) => commands.push(text));
    void redis.sSubscribe('c', collect);
    void redis.pUnsubscribe();
    expect(commands).toEqual(['PSUBSCRIBE a* b*', 'SSUBSCRIBE c', 'PUNSUBSCRIBE']);
    expect(redis.log).toEqual(commands);
  });

  it('subscribes with one command the names of another registry that its own lacks', () => {
    const { redis, collect } = create();
    void redis.subscribe('a', collect);
    const setsOf = (names: string[]) =>
      new Map(
        names.map((name) => [
          name,
          { unsubscribing: false, buffers: new Set(), strings: new Set([collect]) },
        ]),
      ) as Parameters<MemoryPubSub['extendPubSubListeners']>[1];
    void redis.extendPubSubListeners('CHANNELS', setsOf(['a', 'b', 'c']));
    void redis.extendPubSubListeners('CHANNELS', setsOf(['a', 'b']));
    expect(redis.log).toEqual(['SUBSCRIBE a', 'SUBSCRIBE b c']);
    expect(redis.subscriptions('channel')).toEqual(['a', 'b', 'c']);
  });

  it('logs a name once if it is subscribed twice', () => {
    const { redis, collect } = create({ acknowledge: 'withheld' });
    void redis.subscribe('a', collect);
    void redis.subscribe('a', () => undefined);
    expect(redis.log).toEqual(['SUBSCRIBE a', 'SUBSCRIBE a']);
    redis.acknowledge();
    expect(redis.subscriptionLog('a')).toHaveLength(1);
  });

  it('gives up, closes, and opens again', async () => {
    const { redis, events, collect } = create();
    void redis.subscribe('a', collect);
    redis.withhold();
    const waiting = [redis.subscribe('b', collect)];
    redis.giveUp();
    await expect(waiting[0]).rejects.toThrow('connect ECONNREFUSED');
    redis.giveUp();
    await redis.close();
    expect(events).toEqual(['terminated', 'error']);
    expect(() => redis.reconnect()).toThrow('call connect()');
    redis.acknowledge();
    await expect(redis.connect()).resolves.toBe(redis);
    expect(redis.subscriptions('channel')).toEqual(['a']);
    await expect(redis.connect()).rejects.toThrow('already opened');
    await redis.close();
    await redis.close();
    expect(events.slice(2)).toEqual(['connect', 'ready', 'end']);
    const pending = redis.subscribe('c', collect);
    await redis.connect();
    await pending;
    expect(redis.subscriptions('channel')).toEqual(['a', 'c']);
  });

  it('does not throw an error that has no listener', () => {
    const redis = new MemoryPubSub();
    redis.disconnect();
    redis.giveUp();
    expect(redis.isOpen).toBe(false);
  });

  it('reports when each name was subscribed', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run((helpers) => {
      const redis = new MemoryPubSub();
      const receiver = new Receiver(redis);
      helpers.expectObservable(receiver.channel('a'), '-^-------!');
      helpers.expectObservable(receiver.shard('a'), '  --^-!');
      helpers.hot('                                    ----d-r').subscribe((letter) => {
        if (letter === 'd') redis.disconnect();
        else redis.reconnect();
      });
      helpers.expectSubscriptions(redis.subscriptionLog('a')).toBe(['-^--!', '------^--!']);
      helpers.expectSubscriptions(redis.subscriptionLog('a', 'shard')).toBe('--^-!');
      helpers.expectSubscriptions(redis.subscriptionLog('b')).toBe([]);
    });
  });
});

it('uses no timer and no microtask of the real clock under a TestScheduler', () => {
  const clocks = (['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'] as const).map((name) =>
    jest.spyOn(globalThis, name),
  );
  try {
    marbles(
      ({ redis, receiver, publish, sPublish, at, expectData }) => {
        receiver.pattern('b*');
        receiver.shard('s');
        publish('a', '                 ----a-b-c---d-e-');
        publish('b1', '                ----x---------y-');
        sPublish('s', '                ----z-----------');
        at('                           -----d-', () => redis.disconnect());
        at('                           -------r', () => redis.reconnect());
        at('                           -------------s', () => void receiver.stop());
        receiver.channel('a').subscribe();
        expectData(receiver).toBe('    ----(axz)---d|');
      },
      { acknowledge: 2 },
    );
    for (const clock of clocks) expect(clock).not.toHaveBeenCalled();
  } finally {
    for (const clock of clocks) clock.mockRestore();
  }
});

describe('feed()', () => {
  it('publishes the messages of a source until it is unsubscribed', async () => {
    const { redis, received, collect } = create();
    await redis.subscribe('a', collect);
    const source = new Subject<MemoryMessage>();
    const feed = redis.feed(source);
    source.next(['a', '1']);
    source.next(['a', Buffer.from('2')]);
    feed.unsubscribe();
    source.next(['a', '3']);
    expect(received).toEqual(['1', '2']);
  });

  it('reports an error of the source and an invalid message, and continues', async () => {
    const { redis, received, collect } = create();
    await redis.subscribe('a', collect);
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => void reported.push(error);
    redis.feed(of<MemoryMessage[]>('a' as never, ['a', 5] as never, ['a', '1']));
    redis.feed(throwError(() => 'broken'));
    await until(() => reported.length === 3);
    config.onUnhandledError = null;
    expect(reported).toEqual([
      clear(
        /a value that feed\(\) publishes to be a pair of a channel and its data, \[channel, data\], got "a"/,
      ),
      clear(/the data of a message to be a string or a Buffer, got 5/),
      'broken',
    ]);
    expect(received).toEqual(['1']);
  });
});

it('delivers through several patterns in an order that does not depend on their subscription', async () => {
  const globs = ['order:*', 'o*', '*', '*:1', 'order:?', 'order:[0-9]', '?rder:1', 'order:1*'];
  const receivedAfter = async (subscribed: readonly string[]) => {
    const redis = new MemoryPubSub();
    const received: string[] = [];
    for (const glob of subscribed) await redis.pSubscribe(glob, () => received.push(glob));
    expect(redis.publish('order:1', 'paid')).toBe(globs.length);
    return received;
  };
  const received = await receivedAfter(globs);
  expect([...received].sort()).toEqual([...globs].sort());
  expect(await receivedAfter([...globs].reverse())).toEqual(received);
  expect(await receivedAfter([...globs].sort())).toEqual(received);
  for (const order of [globs, [...globs].reverse(), [...globs].sort(), [...globs].sort().reverse()])
    expect(received).not.toEqual(order);
});

describe('an unhandled rejection', () => {
  const redis = sharedRedis();

  it('is reported by the process, as with node-redis', async () => {
    const file = join(__dirname, '../support/leave-rejections-unhandled.ts');
    const [real, double] = (await runScript(file, { redisUrl: redis.url })).trim().split('\n');
    expect(JSON.parse(real!)).toEqual({
      'left alone': 1,
      handled: 0,
      awaited: 0,
      'passed on': 1,
      finally: 1,
      'passed on and handled': 0,
    });
    expect(JSON.parse(double!)).toEqual(JSON.parse(real!));
  }, 60_000);
});

it('settles a promise once', async () => {
  const acknowledgement = new Acknowledgement<number>();
  acknowledgement.resolve(1);
  acknowledgement.reject(new Error('too late'));
  await expect(acknowledgement.catch(() => 2)).resolves.toBe(1);
});

describe('publisher()', () => {
  it('publishes at once, and replies as the function says, in virtual time', () => {
    marbles(({ redis, receiver, at, hot, expectData, expectObservable }) => {
      const asked: Publication[] = [];
      const client = redis.publisher((publication) => {
        asked.push(publication);
        return of(publication.receivers).pipe(delay(3));
      });
      expectData(receiver.channel('a')).toBe('-x-y');
      expectObservable(hot('                  -x-y').pipe(publishTo(client, 'a'))).toBe('----n-n', { n: 1 });
      const rest = { sharded: false, receivers: 1 };
      at('                                -----x', () =>
        expect(asked).toEqual([
          { channel: 'a', data: 'x', ...rest },
          { channel: 'a', data: 'y', ...rest },
        ]),
      );
    });
  });

  it('replies with a number, with an error, or by default with the number of receivers', async () => {
    const { redis, collect } = create();
    await redis.sSubscribe('a', collect);
    await expect(redis.publisher().sPublish('a', '1')).resolves.toBe(1);
    await expect(redis.publisher().publish('a', '1')).resolves.toBe(0);
    await expect(redis.publisher(() => 7).publish('a', '1')).resolves.toBe(7);
    await expect(redis.publisher(() => throwError(() => 'lost')).publish('a', '1')).rejects.toBe('lost');
    await expect(redis.publisher(() => EMPTY).publish('a', '1')).rejects.toThrow('no elements in sequence');
    const throwing = redis.publisher(() => {
      throw new Error('so bad');
    });
    await expect(throwing.publish('a', '1')).rejects.toThrow('so bad');
    await expect(redis.publisher().publish(1 as never, '1')).rejects.toEqual(clear(/to be a string, got 1/));
    await expect(redis.publisher(() => '1' as never).publish('a', '1')).rejects.toEqual(
      clear(/a reply to be a number or an Observable of one, got "1"/),
    );
    expect(() => redis.publisher(5 as never)).toThrow(
      clear(/the reply of a publisher to be a function, got 5/),
    );
  });
});

it('matches nothing with a glob that recurses too deeply, as Redis does', async () => {
  const { redis, collect } = create();
  await redis.pSubscribe('*a'.repeat(1_001), collect);
  expect(redis.publish('a'.repeat(1_001), '')).toBe(0);
  await redis.pSubscribe(`${'**a'.repeat(1_000)}**`, collect);
  expect(redis.publish('a'.repeat(1_001), '')).toBe(1);
});

describe('bad input', () => {
  it('to its methods is a clear error', async () => {
    const { redis, collect } = create();
    const loose = redis as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    for (const method of ['subscribe', 'pSubscribe', 'sSubscribe'] as const) {
      await expect(loose[method]!(Buffer.from('a'), collect)).rejects.toEqual(
        clear(/to be a string, got an object/),
      );
      await expect(loose[method]!(['a', 1], collect)).rejects.toEqual(clear(/to be a string, got 1/));
      await expect(loose[method]!('a')).rejects.toEqual(
        clear(/the listener to be a function, got undefined/),
      );
    }
    await expect(redis.unsubscribe([], collect)).rejects.toEqual(clear(/the names to be not empty/));
    for (const listeners of [undefined, {}, new Map([['a', new Set()]]), new Map([['a', null]])]) {
      await expect(redis.extendPubSubListeners('CHANNELS', listeners as never)).rejects.toEqual(
        clear(/the listeners to be a Map from names to/),
      );
    }
    const named = new Map([[1, { buffers: new Set(), strings: new Set() }]]);
    await expect(redis.extendPubSubListeners('CHANNELS', named as never)).rejects.toEqual(
      clear(/the name of a channel to be a string, got 1/),
    );
    await expect(redis.extendPubSubListeners('channel' as never, new Map())).rejects.toEqual(
      clear(/'CHANNELS', 'PATTERNS' or/),
    );
    expect(() => redis.publish(1 as never, '')).toThrow(clear(/a channel to be a string, got 1/));
    expect(() => redis.publish('a', { n: 1 } as never)).toThrow(
      clear(/a string or a Buffer.*JSON.stringify/),
    );
    expect(() => redis.sPublish('a', undefined as never)).toThrow(
      clear(/a string or a Buffer, got undefined/),
    );
    expect(redis.log).toEqual([]);
    expect(() => redis.feed('a' as never)).toThrow(clear(/an Observable of \[channel, data\], got "a"/));
    expect(() => redis.subscriptions('CHANNELS' as never)).toThrow(clear(/'channel', 'pattern' or 'shard'/));
    expect(() => redis.subscriptionLog('a', 'x' as never)).toThrow(clear(/'channel', 'pattern' or 'shard'/));
    expect(() => redis.subscriptionLog(1 as never)).toThrow(clear(/a channel to be a string, got 1/));
    expect(() => redis.getPubSubListeners('toString' as never)).toThrow(clear(/'CHANNELS', 'PATTERNS' or/));
    expect(() => redis.acknowledge(1 as never)).toThrow(
      clear(/before the promises resolve to be a function/),
    );
    expect(() => redis.acknowledgeNext({} as never)).toThrow(clear(/to be a function, got an object/));
    expect(() => redis.disconnect(undefined, 'drop' as never)).toThrow(
      clear(/'reject' or 'keep', got "drop"/),
    );
    expect(redis.isReady).toBe(true);
  });

  it.each([-1, NaN, Infinity, 'later', null])('to its options is a clear error: %p', (acknowledge) => {
    expect(() => new MemoryPubSub({ acknowledge: acknowledge as never })).toThrow(
      clear(/'acknowledge' to be 'immediate', 'withheld' or a number of milliseconds, got/),
    );
    expect(() => new MemoryPubSub({ scheduler: acknowledge as never })).toThrow(clear(/a scheduler of RxJS/));
    expect(() => new MemoryPubSub(null as never)).toThrow(clear(/the options to be an object, got null/));
  });
});

it('is a PubSubClient', () => {
  const client: PubSubClient = new MemoryPubSub();
  expect(new Receiver(client).isActive).toBe(false);
});
