import { tracingChannel } from 'node:diagnostics_channel';
import { Redis as Redis5 } from 'ioredis5';
import { Redis as Redis6, type RedisOptions } from 'ioredis6';
import { Redis as Valkey } from 'iovalkey';
import { filter, firstValueFrom, from, lastValueFrom } from 'rxjs';
import { publishTo, Receiver, recoverable, type ReceiverEvent } from '../../lib/index.js';
import { fromIoredis } from '../../lib/ioredis/index.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const LIBRARIES = { 'ioredis 5': Redis5, 'ioredis 6': Redis6, iovalkey: Valkey } as unknown as Record<
  string,
  typeof Redis6
>;

let server: RedisServer;
let proxy: TcpProxy;

beforeAll(async () => {
  server = await RedisServer.start();
  proxy = await TcpProxy.start(server.port);
});

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server.stop();
});

describe.each(Object.entries(LIBRARIES))('fromIoredis with %s', (_name, Redis) => {
  const opened: { readonly status: string; disconnect(): void }[] = [];

  function open(options: RedisOptions = {}, { url } = server as { url: string }) {
    const redis = new Redis(url, { retryStrategy: () => 5, ...options } as object);
    redis.on('error', () => undefined);
    opened.push(redis);
    return redis;
  }

  /** Observes a Receiver on a client, and logs its data and events. */
  function listen(
    redis: ReturnType<typeof open>,
    register: (receiver: Receiver) => void,
    heartbeat?: number,
  ) {
    const receiver = new Receiver(fromIoredis(redis), heartbeat === undefined ? {} : { heartbeat });
    const events: ReceiverEvent[] = [];
    const data: string[] = [];
    receiver.events.subscribe((event) => events.push(event));
    register(receiver);
    receiver.subscribe({
      next: ({ channel, data: text }) => data.push(`${channel} ${text}`),
      error: (error: Error) => data.push(error.name),
    });
    return { receiver, data, types: () => events.map(({ type }) => type) };
  }

  afterEach(async () => {
    for (const redis of opened.splice(0)) {
      redis.disconnect();
      await until(() => redis.status === 'end' || redis.status === 'wait');
    }
  });

  it('returns the same object for the same client, and refuses other values', () => {
    const redis = open({ lazyConnect: true });
    expect(fromIoredis(redis)).toBe(fromIoredis(redis));
    expect(fromIoredis(redis)).not.toBe(fromIoredis(open({ lazyConnect: true })));
    expect(() => fromIoredis({} as never)).toThrow(/^Expected the client to be a Redis client of ioredis/);
    expect(() => fromIoredis(undefined as never)).toThrow(TypeError);
  });

  it('is named by the error of a Receiver that gets the client itself', () => {
    expect(() => new Receiver(open({ lazyConnect: true }) as never)).toThrow(
      "Pass fromIoredis(client), of 'rx-redis-receiver/ioredis'.",
    );
  });

  it('is named by the errors of publishers that get the client itself', () => {
    const redis = open({ lazyConnect: true }) as never;
    const advice = "Pass fromIoredis(client), of 'rx-redis-receiver/ioredis'.";
    expect(() => recoverable(redis)).toThrow(advice);
    expect(() => publishTo(redis, 's', { sharded: true })).toThrow(advice);
  });

  it('refuses a cluster with a keyPrefix', () => {
    const cluster = new Redis.Cluster([{ host: '127.0.0.1', port: server.port }], {
      lazyConnect: true,
      keyPrefix: 'p:',
    });
    expect(() => fromIoredis(cluster)).toThrow(
      /^Expected the option 'keyPrefix' of a cluster to be empty, got "p:"\./,
    );
  });

  it.each<RedisOptions>([
    { lazyConnect: true },
    { enableReadyCheck: false },
    { enableOfflineQueue: false },
    { autoResubscribe: false },
    { autoResendUnfulfilledCommands: false },
    { maxRetriesPerRequest: 0 },
    { showFriendlyErrorStack: true },
    { enableAutoPipelining: true },
  ])(
    'subscribes a client that is still connecting, and again after a lost connection, with %j',
    async (options) => {
      const redis = open(options, proxy);
      const { receiver, data, types } = listen(redis, (one) => {
        one.channel('a');
        one.pattern('b*');
        one.shard('s');
      });
      await receiver.connect();
      proxy.cut();
      await until(() => types().includes('gap'));
      const admin = open();
      expect(await admin.publish('a', '1')).toBe(1);
      expect(await admin.publish('b1', '2')).toBe(1);
      expect(await admin.spublish('s', '3')).toBe(1);
      await until(() => data.length === 3);
      expect(data).toEqual(['a 1', 'b1 2', 's 3']);
      await receiver.stop();
      expect([
        await admin.publish('a', ''),
        await admin.publish('b1', ''),
        await admin.spublish('s', ''),
      ]).toEqual([0, 0, 0]);
    },
  );

  it('leaves no listener on the client, and the client open', async () => {
    const redis = open();
    const listeners = () =>
      redis.eventNames().map((event) => `${String(event)} ${redis.listenerCount(event)}`);
    await until(() => redis.status === 'ready');
    const before = listeners();
    const own = () => Object.keys(redis).filter((key) => ['sendCommand', 'disconnect'].includes(key));
    const { receiver } = listen(redis, (one) => void one.channel('a'));
    await receiver.connect();
    expect(own()).not.toEqual([]);
    await receiver.stop();
    expect(listeners()).toEqual(before);
    expect(own()).toEqual([]);
    expect(await redis.ping()).toBe('PONG');
  });

  it('keeps the names of a client with a keyPrefix, which ioredis puts before sharded channels', async () => {
    const redis = open({ keyPrefix: 'app:' }, proxy);
    const { receiver, data, types } = listen(redis, (one) => {
      one.channel('a');
      one.shard('a');
    });
    await receiver.connect();
    proxy.cut();
    await until(() => types().includes('gap'));
    const publisher = fromIoredis(open({ keyPrefix: 'app:' }));
    await publisher.publish('a', '1');
    await publisher.sPublish('a', '2');
    await open().spublish('app:a', '3');
    await until(() => data.length === 3);
    expect(data).toEqual(['a 1', 'a 2', 'a 3']);
    await receiver.stop();
  });

  it('goes on with channels when the last sharded channel is left, and the other way round', async () => {
    const redis = open();
    const { receiver, data } = listen(redis, (one) => void one.channel('a'));
    const shard = receiver.shard('s');
    await receiver.connect();
    await shard.close();
    const admin = open();
    await admin.publish('a', '1');
    await until(() => data.length === 1);
    receiver.shard('t');
    await receiver.connect();
    await receiver.channels.get('a')!.close();
    await admin.spublish('t', '2');
    await until(() => data.length === 2);
    await receiver.stop();
  });

  it('loses only the name that Redis refuses after a lost connection', async () => {
    const admin = open();
    await admin.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '+@all', '~*', 'allchannels');
    const redis = open({ username: 'limited', password: 'secret' }, proxy);
    const { receiver, data, types } = listen(redis, (one) => {
      one.channel('a');
      one.channel('x');
    });
    await receiver.connect();
    // Redis closes the connections of a user who has lost a channel.
    await admin.call('ACL', 'SETUSER', 'limited', 'resetchannels', '&a');
    await until(() => data.includes('SubscribeError'));
    receiver.subscribe(({ channel, data: text }) => data.push(`${channel} ${text}`));
    await until(async () => (await admin.publish('a', '1')) === 1);
    await until(() => data.includes('a 1'));
    expect(types()).toContain('channel-error');
    await receiver.stop();
  });

  it('subscribes again what other code unsubscribes on the client, and reports a gap', async () => {
    const redis = open();
    const { receiver, data, types } = listen(redis, (one) => {
      one.channel('a');
      one.pattern('p*');
      one.shard('s');
    });
    await receiver.connect();
    await redis.unsubscribe('a');
    await until(() => types().filter((type) => type === 'gap').length === 1);
    await redis.sunsubscribe('s');
    await until(() => types().filter((type) => type === 'gap').length === 2);
    const admin = open();
    await admin.publish('a', '1');
    await admin.spublish('s', '2');
    await until(() => data.length === 2);
    await receiver.stop();
  });

  it('subscribes again what other code unsubscribes while names are subscribed on a new connection', async () => {
    const redis = open();
    const { receiver, data } = listen(redis, (one) => void one.pattern('p*'), 0);
    await receiver.connect();
    // After the listener of the package, which has just sent its PSUBSCRIBE.
    redis.once('ready', () => void redis.punsubscribe('p*'));
    // An operation in flight leaves no time in which the subscriptions can be compared.
    receiver.events.subscribe(({ type }) => {
      if (type === 'gap') receiver.channel('a');
    });
    redis.disconnect(true);
    const admin = open();
    await until(async () => (await admin.publish('a', '1')) === 1);
    await until(async () => (await admin.publish('p', '2')) === 1);
    await until(() => data.includes('p 2'));
    await receiver.stop();
  });

  it.each(['with tracing', 'in automatic pipelines'])(
    'tells which names other code unsubscribes right after a command for them, %s',
    async (how) => {
      const redis = open({ enableAutoPipelining: how === 'in automatic pipelines' });
      const client = fromIoredis(redis);
      await until(() => client.isReady);
      const lost: string[] = [];
      client.on('names-unsubscribed', (kind, names) => lost.push(`${String(kind)} ${String(names)}`));
      const tracing = tracingChannel('ioredis:command');
      const tracer = { start: ignore, end: ignore, asyncStart: ignore, asyncEnd: ignore, error: ignore };
      if (how === 'with tracing') tracing.subscribe(tracer);
      try {
        // The replies come in one chunk.
        const replies = [
          client.subscribe('a', ignore),
          redis.unsubscribe('a'),
          client.pSubscribe('p*', ignore),
          redis.punsubscribe('p*'),
          client.sSubscribe('s', ignore),
          redis.sunsubscribe('s'),
        ];
        await Promise.all(replies);
        await until(() => lost.length === 3);
        expect(lost.sort()).toEqual(['channel a', 'pattern p*', 'shard s']);
      } finally {
        tracing.unsubscribe(tracer);
      }
    },
  );

  it('leaves no subscription behind that was begun and given up while the connection was lost', async () => {
    const redis = open();
    const { receiver } = listen(redis, (one) => void one.channel('a'), 0);
    await receiver.connect();
    redis.stream.destroy();
    // ioredis has no connection any more, and has not said so yet.
    const channel = receiver.channel('b');
    const closed = channel.close();
    await firstValueFrom(receiver.events.pipe(filter(({ type }) => type === 'gap')));
    await closed;
    await receiver.channel('c').whenSubscribed();
    expect(await open().pubsub('NUMSUB', 'b')).toEqual(['b', 0]);
    await receiver.stop();
  });

  it('finds a name that Redis has dropped without notice to the package, at the heartbeat', async () => {
    const redis = open();
    const { receiver, data, types } = listen(redis, (one) => void one.channel('a'), 20);
    await receiver.connect();
    const unsubscribe = Object.getPrototypeOf(redis) as { sendCommand(command: unknown): unknown };
    // The method of the class, without the wrapper of this package.
    const { sendCommand } = redis;
    redis.sendCommand = unsubscribe.sendCommand.bind(redis);
    await redis.unsubscribe('a');
    redis.sendCommand = sendCommand;
    await until(() => types().includes('gap'));
    await open().publish('a', '1');
    await until(() => data.length === 1);
    await receiver.stop();
  });

  it('completes when the client is closed, and ends with ConnectionLostError when it gives up', async () => {
    const closed = open();
    const first = listen(closed, (one) => void one.channel('a'));
    await first.receiver.connect();
    await closed.quit();
    await expect(lastValueFrom(first.receiver, { defaultValue: 'completed' })).resolves.toBe('completed');
    const given = open({ retryStrategy: () => null }, proxy);
    const second = listen(given, (one) => void one.channel('a'));
    await second.receiver.connect();
    proxy.cut();
    await until(() => second.data.length === 1);
    expect(second.data).toEqual(['ConnectionLostError']);
    await expect(new Receiver(fromIoredis(given)).connect()).rejects.toThrow(/the client is not open/);
    await expect(firstValueFrom(new Receiver(fromIoredis(given)).channel('a'))).rejects.toThrow(/not open/);
  });

  it('publishes, and recovers what was published while the connection was lost', async () => {
    const publisher = fromIoredis(open({ keyPrefix: 'p:' }));
    const recovering = recoverable(publisher);
    const { receiver, data, types } = listen(open({ keyPrefix: 'p:' }, proxy), (one) => {
      one.channel('a', { recover: {} });
      one.shard('{s}', { recover: {} });
    });
    await receiver.connect();
    await recovering.publish('a', '1');
    await recovering.sPublish('{s}', '1');
    await until(() => data.length === 2);
    proxy.close();
    proxy.cut();
    await until(() => types().includes('disconnected'));
    expect(await recovering.publish('a', '2')).toBe(0);
    expect(await recovering.sPublish('{s}', '2')).toBe(0);
    proxy.reopen();
    await until(() => data.length === 4);
    expect(data.slice(2).sort()).toEqual(['a 2', '{s} 2']);
    await receiver.stop();
    await expect(lastValueFrom(from(['x']).pipe(publishTo(publisher, 'a')))).resolves.toBe(0);
    await expect(lastValueFrom(from(['x']).pipe(publishTo(publisher, 's', { sharded: true })))).resolves.toBe(
      0,
    );
  });
});

function ignore(): void {}
