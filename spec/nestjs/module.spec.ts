import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  type INestApplicationContext,
  type Type,
} from '@nestjs/common';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { createClient } from 'redis';
import { json, Receiver, text, topics, type ConnectionRetry, type ReceiverOf } from 'rx-redis-receiver';
import {
  getReceiverToken,
  InjectReceiver,
  ReceiverHealthIndicator,
  ReceiverModule,
  type ReceiverModuleOptions,
} from 'rx-redis-receiver/nestjs';
import { MemoryPubSub } from 'rx-redis-receiver/testing';
import { z } from 'zod';
import { freePort } from '../support/free-port.js';
import { NestLog } from '../support/nest-log.js';
import { RedisCluster } from '../support/redis-cluster.js';
import type { RedisNode } from '../support/redis-node.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

@Injectable()
class News {
  readonly received: string[] = [];

  constructor(@InjectReceiver() readonly receiver: Receiver) {
    receiver.channel('news');
    receiver.subscribe({
      next: ({ data }) => this.received.push(data),
      complete: () => this.received.push('complete'),
    });
  }
}

@Module({ providers: [News] })
class NewsModule {}

const events = topics({
  news: text,
  'order:{id}': { data: json<{ total: number }>(), params: { id: z.coerce.number() } },
});

@Injectable()
class Orders {
  readonly totals: [id: number, total: number][] = [];

  constructor(@InjectReceiver() receiver: ReceiverOf<typeof events>) {
    receiver.topic('order:{id}').subscribe(({ params, data }) => this.totals.push([params.id, data.total]));
  }
}

describe('ReceiverModule', () => {
  let redis: RedisServer;
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start();
  });

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  afterAll(() => redis.stop());

  async function start(...imports: Parameters<typeof Test.createTestingModule>[0]['imports'] & object) {
    const app = await Test.createTestingModule({ imports }).setLogger(new NestLog()).compile();
    closing.push(() => app.close());
    return app.init();
  }

  async function bare() {
    const client = createClient({ url: redis.url });
    closing.push(() => client.destroy());
    return client.connect();
  }

  it('provides a Receiver to every module, and drains it at shutdown', async () => {
    const publisher = await bare();
    const app = await start(ReceiverModule.forRoot({ redis: redis.url }), NewsModule);
    const { receiver, received } = app.get(News, { strict: false });
    await receiver.channel('news').whenSubscribed();
    const published = Array.from({ length: 100 }, (_, index) => publisher.publish('news', String(index)));
    await publisher.publish('news', 'last');
    await app.close();
    await Promise.all(published);
    expect(received).toHaveLength(102);
    expect(received.slice(-2)).toEqual(['last', 'complete']);
    await until(async () => (await publisher.clientList()).length === 1);
  });

  it('is connected before the application starts, and subscribed with the option `connect`', async () => {
    const options = { redis: redis.url, channels: ['a'], patterns: ['b*'], shards: ['c'] };
    const lazy = await start(ReceiverModule.forRoot(options));
    const receiver = lazy.get<Receiver>(getReceiverToken());
    const kinds = [receiver.channels, receiver.patterns, receiver.shards].map((map) => [...map.keys()]);
    expect(kinds).toEqual([['a'], ['b*'], ['c']]);
    const publisher = await bare();
    await expect(publisher.pubSubChannels()).resolves.toEqual([]);

    const eager = await start(ReceiverModule.forRoot({ ...options, connect: true }));
    await publisher.publish('a', '1');
    await publisher.publish('b1', '2');
    await publisher.sPublish('c', '3');
    const pulled = eager.get<Receiver>(getReceiverToken());
    const data = [await pulled.get(), await pulled.get(), await pulled.get()].map((message) => message?.data);
    expect(data).toEqual(['1', '2', '3']);
  });

  it('gives a Receiver its topics', async () => {
    @Module({ providers: [Orders] })
    class OrdersModule {}
    const app = await start(ReceiverModule.forRoot({ redis: redis.url, topics: events }), OrdersModule);
    const receiver = app.get<ReceiverOf<typeof events>>(getReceiverToken());
    expect([...receiver.channels.keys(), ...receiver.patterns.keys()]).toEqual(['news', 'order:*']);
    await receiver.topic('order:{id}').whenSubscribed();
    await events.publisher(await bare()).publish('order:{id}', { id: 7 }, { total: 3 });
    const { totals } = app.get(Orders, { strict: false });
    await until(() => totals.length === 1);
    expect(totals).toEqual([[7, 3]]);
  });

  it('provides several Receivers, each with its name and options', async () => {
    @Injectable()
    class Both {
      constructor(
        @InjectReceiver() readonly receiver: Receiver,
        @InjectReceiver('prices') readonly prices: Receiver<{ price: number }>,
      ) {}
    }
    @Module({ providers: [Both] })
    class BothModule {}
    const app = await start(
      ReceiverModule.forRoot({ redis: redis.url }),
      ReceiverModule.forRoot({
        name: 'prices',
        redis: redis.url,
        codec: json(),
        channels: ['p'],
        connect: true,
      }),
      BothModule,
    );
    const { receiver, prices } = app.get(Both, { strict: false });
    expect(receiver).not.toBe(prices);
    await (await bare()).publish('p', '{"price":3}');
    await expect(prices.get()).resolves.toMatchObject({ data: { price: 3 } });
  });

  describe('forRootAsync', () => {
    class Settings {
      readonly url = redis.url;
    }

    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}

    class Factory {
      createReceiverOptions(): ReceiverModuleOptions {
        return { redis: redis.url, channels: ['x'] };
      }
    }

    const expectChannels = (app: INestApplicationContext, name: string | undefined, ...channels: string[]) =>
      expect([...app.get<Receiver>(getReceiverToken(name)).channels.keys()]).toEqual(channels);

    it('accepts a factory with injected providers', async () => {
      const app = await start(
        ReceiverModule.forRootAsync({
          name: 'later',
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: ({ url }: Settings) => Promise.resolve({ redis: url, channels: ['y'] }),
        }),
      );
      expectChannels(app, 'later', 'y');
    });

    it('accepts a class', async () => {
      expectChannels(await start(ReceiverModule.forRootAsync({ useClass: Factory })), undefined, 'x');
    });

    it('accepts a provider of another module', async () => {
      @Module({ providers: [Factory], exports: [Factory] })
      class FactoryModule {}
      const app = await start(
        ReceiverModule.forRootAsync({ name: 'shared', imports: [FactoryModule], useExisting: Factory }),
      );
      expectChannels(app, 'shared', 'x');
    });

    it('provides several Receivers', async () => {
      const named = (name: string) =>
        ReceiverModule.forRootAsync({
          name,
          useFactory: () => ({ redis: redis.url, channels: [name], connect: true }),
        });
      const app = await start(named('a'), named('b'));
      expectChannels(app, 'a', 'a');
      expectChannels(app, 'b', 'b');
      const publisher = await bare();
      await publisher.publish('a', '1');
      await publisher.publish('b', '2');
      await expect(app.get<Receiver>(getReceiverToken('b')).get()).resolves.toMatchObject({ data: '2' });
      await expect(app.get<Receiver>(getReceiverToken('a')).get()).resolves.toMatchObject({ data: '1' });
    });
  });

  it('is visible only to the importing modules, if it is not global', async () => {
    const local = ReceiverModule.forRoot({ client: await bare(), isGlobal: false });
    await expect(start(local, NewsModule)).rejects.toThrow("Nest can't resolve dependencies of the News");
    @Module({ imports: [local], providers: [News] })
    class Importing {}
    await expect(start(Importing)).resolves.toBeDefined();
  });

  it('borrows a client, and leaves it open', async () => {
    const client = await bare();
    const app = await start(ReceiverModule.forRoot({ client }), NewsModule);
    await app.get(News, { strict: false }).receiver.channel('news').whenSubscribed();
    await app.close();
    await expect((await bare()).pubSubChannels()).resolves.toEqual([]);
    await expect(client.ping()).resolves.toBe('PONG');
  });

  it('makes the start fail with its error, and leaves no connection behind', async () => {
    const startWith = (options: ReceiverModuleOptions) =>
      start(ReceiverModule.forRoot({ redis: redis.url, ...options }));
    await expect(startWith({ capacity: 0 })).rejects.toThrow(
      "Expected the option 'capacity' to be a positive integer",
    );
    await expect(startWith({ channels: [1 as never] })).rejects.toThrow(
      'Expected the name of a channel to be a string',
    );
    await expect(startWith({ client: {} as never })).rejects.toThrow(
      "the option 'redis' to be left out beside 'client'",
    );
    const { port } = redis;
    await expect(startWith({ redis: `redis://who:what@127.0.0.1:${port}` })).rejects.toThrow('WRONGPASS');
    const admin = await bare();
    await until(async () => (await admin.clientList()).length === 1);
  });

  it('refuses an unknown option, with a suggestion', async () => {
    const unknown = (got: string, suggested: string) =>
      expect.objectContaining({
        name: 'TypeError',
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringMatching(`got "${got}"\\. Did you mean '${suggested}'\\?$`) as string,
      }) as Error;
    const forRoot = (options: object) => () => ReceiverModule.forRoot(options);
    expect(forRoot({ chanels: ['a'] })).toThrow(unknown('chanels', 'channels'));
    expect(forRoot({ capcity: 5 })).toThrow(unknown('capcity', 'capacity'));
    expect(forRoot({ isglobal: false })).toThrow(unknown('isglobal', 'isGlobal'));
    expect(forRoot({ onretry: undefined })).toThrow(unknown('onretry', 'onRetry'));
    expect(forRoot({ host: 'localhost', port: 6379 })).toThrow(/ReceiverModule.*'redis'.*got "host"\.$/);
    expect(forRoot(null as never)).toThrow(/an object, got null/);
    const forRootAsync = (options: object) => () => ReceiverModule.forRootAsync(options);
    expect(forRootAsync({ useFactroy: () => ({}) })).toThrow(unknown('useFactroy', 'useFactory'));
    expect(forRootAsync({ useFactory: () => ({}), redis: redis.url })).toThrow(/forRootAsync.*got "redis"/);
    const made = (options: object) => start(ReceiverModule.forRootAsync({ useFactory: () => options }));
    await expect(made({ redis: redis.url, patern: ['a*'] })).rejects.toEqual(unknown('patern', 'patterns'));
    await expect(made({ redis: redis.url, name: 'a' })).rejects.toThrow(/got "name"/);
  });

  it('accepts every known option', async () => {
    const absent = { capacity: undefined, maxBytes: undefined, overflow: undefined, codec: undefined };
    const more = { autoStop: undefined, onGap: undefined, heartbeat: undefined, signal: undefined };
    const own = { client: undefined, channels: undefined, patterns: undefined, shards: undefined };
    const options = { redis: redis.url, connect: undefined, onRetry: undefined, ...absent, ...more, ...own };
    await start(ReceiverModule.forRoot({ ...options, name: undefined, isGlobal: undefined }));
    const inject = { inject: [], imports: [], provideInjectionTokensFrom: [] };
    await start(ReceiverModule.forRootAsync({ useFactory: () => options, name: 'more', ...inject }));
  });

  it('refuses onRetry together with a client, and an onRetry that is not a function', async () => {
    const client = new MemoryPubSub();
    const onRetry = () => undefined;
    await expect(start(ReceiverModule.forRoot({ client, onRetry }))).rejects.toThrow(
      "the option 'onRetry' to be left out beside 'client'",
    );
    await expect(
      start(ReceiverModule.forRoot({ redis: redis.url, onRetry: 'log' as never })),
    ).rejects.toThrow("the option 'onRetry' to be a function");
  });

  it('leaves nothing on a borrowed client when the start fails', async () => {
    const client = new MemoryPubSub();
    client.forbidden.add('no');
    const options = { client, channels: ['yes', 'no'], connect: true };
    await expect(start(ReceiverModule.forRoot(options))).rejects.toMatchObject({ code: 'ERR_SUBSCRIBE' });
    expect(client.subscriptions('channel')).toEqual([]);
  });

  describe('whose own client fails to connect', () => {
    let warning: jest.SpyInstance;

    beforeEach(() => {
      warning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    });

    afterEach(() => warning.mockRestore());

    it('calls onRetry after each attempt, and logs each reason once per outage, instead of a process warning', async () => {
      const port = await freePort();
      const log = new NestLog();
      const retries: ConnectionRetry[] = [];
      const options = { redis: `redis://127.0.0.1:${port}`, channels: ['a'], connect: true };
      const onRetry = (retry: ConnectionRetry) => void retries.push(retry);
      const imports = [ReceiverModule.forRoot({ ...options, onRetry })];
      const starting = Test.createTestingModule({ imports }).setLogger(log).compile();
      await until(() => retries.length === 3);
      const server = await RedisServer.start({ port });
      closing.push(() => server.stop());
      const app = await starting;
      closing.push(() => app.close());
      expect(retries.slice(0, 3).map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
      const reason = `connect ECONNREFUSED 127.0.0.1:${port}`;
      const line = `warn Redis cannot be reached, and is tried again: ${reason}`;
      expect(log.of('warn')).toEqual([line]);

      retries.length = 0;
      await server.kill();
      await until(() => retries.length === 3);
      const health = app.get(ReceiverHealthIndicator);
      const attempt = retries.length;
      expect(health.isHealthy('redis').redis).toMatchObject({ status: 'down', error: reason, attempt });
      await server.restart();
      await until(() => health.isHealthy('redis').redis.status === 'up');
      expect(health.isHealthy('redis').redis).not.toHaveProperty('error');
      // An attempt may still reach the dying server, and has a reason of its own then.
      expect(log.of('warn').filter((text) => !/ECONNRESET|Socket closed/.test(text))).toEqual([line, line]);
      expect(log.of('error')).toEqual([]);
      expect(warning).not.toHaveBeenCalled();
    });

    it('logs each reason of an outage, without the password', async () => {
      const port = await freePort();
      const log = new NestLog();
      let attempts = 0;
      const controller = new AbortController();
      const options = { redis: `redis://user:secret@127.0.0.1:${port}`, signal: controller.signal };
      // A callback that fails, at once or later: the error is reported, and has no other effect.
      const onRetry: () => unknown = () => {
        if (++attempts === 3) controller.abort(new Error('enough'));
        if (attempts === 1) throw new Error('from onRetry');
        return Promise.reject(new Error('from onRetry'));
      };
      const imports = [ReceiverModule.forRoot({ ...options, onRetry })];
      const starting = Test.createTestingModule({ imports }).setLogger(log).compile();
      await expect(starting).rejects.toThrow('enough');
      expect(log.of('warn')).toHaveLength(1);
      expect(log.lines.join()).not.toContain('secret');
      await until(() => warning.mock.calls.length === 3);
      expect(warning.mock.calls.map(([logged]) => String(logged))).toEqual(
        Array(3).fill('Error: from onRetry'),
      );
    });
  });

  it('logs another reason of the same outage at run time, too', async () => {
    const password = ['--requirepass', 'secret'];
    await using server = await RedisServer.start({ args: password });
    const log = new NestLog();
    const options = { url: server.url, password: 'secret', socket: { reconnectStrategy: () => 10 } };
    const imports = [ReceiverModule.forRoot({ redis: options, channels: ['a'], connect: true })];
    const app = await Test.createTestingModule({ imports }).setLogger(log).compile();
    closing.push(() => app.close());
    const admin = await createClient({ url: server.url, password: 'secret' }).connect();
    await admin.configSet('requirepass', 'changed');
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    admin.destroy();
    await until(() => log.of('warn').length === 1);
    await server.kill();
    // The attempt that the end of the server cut short may be logged with a reason of its own.
    await until(() => log.of('warn').some((line) => line.includes('ECONNREFUSED')));
    const lines = log.of('warn');
    expect(lines[0]).toMatch(/WRONGPASS/);
    expect(new Set(lines).size).toBe(lines.length);
  });

  it('can be replaced in a test that has no Redis', async () => {
    const fake = { subscribe: () => undefined, channel: () => undefined };
    const app = await Test.createTestingModule({
      imports: [ReceiverModule.forRoot({ redis: `redis://127.0.0.1:${await freePort()}` }), NewsModule],
    })
      .overrideProvider(getReceiverToken())
      .useValue(fake)
      .compile();
    await app.init();
    expect(app.get(News, { strict: false }).receiver).toBe(fake);
    expect(app.get(ReceiverHealthIndicator).isHealthy('redis')).toEqual({ redis: { status: 'up' } });
    await app.close();
  });

  it('does not stop a Receiver that replaces its own', async () => {
    const receiver = new Receiver(new MemoryPubSub());
    const app = await Test.createTestingModule({ imports: [ReceiverModule.forRoot(), NewsModule] })
      .overrideProvider(getReceiverToken())
      .useValue(receiver)
      .compile();
    await app.init();
    expect(app.get(ReceiverHealthIndicator).isHealthy('redis')).toMatchObject({
      redis: { status: 'up', buffered: 0 },
    });
    await app.close();
    expect(receiver.isActive).toBe(true);
    await receiver.stop();
  });
});

describe('ReceiverHealthIndicator', () => {
  /** Sharded channels on two of three masters. */
  const PARTS = ['part:1', 'part:2'];

  @Controller()
  class Health {
    constructor(
      @Inject(HealthCheckService) readonly health: HealthCheckService,
      @Inject(ReceiverHealthIndicator) readonly receivers: ReceiverHealthIndicator,
    ) {}

    @Get()
    check() {
      return this.health.check([
        () => this.receivers.isHealthy('redis'),
        () => this.receivers.isHealthy('more', 'more'),
      ]);
    }
  }

  async function start(redis: RedisServer, controller: Type = Health) {
    @Module({
      imports: [
        TerminusModule.forRoot({ logger: false }),
        ReceiverModule.forRoot({ redis: redis.url, channels: ['a'], connect: true }),
        ReceiverModule.forRoot({ name: 'more', redis: redis.url }),
      ],
      controllers: [controller],
    })
    class AppModule {}
    const app = await Test.createTestingModule({ imports: [AppModule] })
      .setLogger(new NestLog())
      .compile();
    return app.init();
  }

  const counts = { buffered: 0, dropped: 0, gaps: 0 };

  it('reports to terminus: up, down while the connection is lost, and up again', async () => {
    const redis = await RedisServer.start();
    const app = await start(redis);
    const health = app.get(Health);
    await expect(health.check()).resolves.toMatchObject({
      status: 'ok',
      details: { redis: { status: 'up', ...counts }, more: { status: 'up', ...counts } },
    });

    await redis.kill();
    const failure = await until(() =>
      health.check().then(
        () => undefined,
        (error: unknown) => (error as { response: unknown }).response,
      ),
    );
    expect(failure).toMatchObject({
      status: 'error',
      error: { redis: { status: 'down', message: 'The connection to Redis is lost', ...counts } },
    });

    const again = await RedisServer.start({ port: redis.port });
    const back = await until(() => health.check().catch(() => undefined));
    expect(back?.details).toMatchObject({ redis: { status: 'up', gaps: 1 }, more: { status: 'up' } });
    await app.close();
    await again.stop();
  });

  it('is down on a cluster while a required connection is lost', async () => {
    await using redis = await RedisCluster.start({
      replicas: 0,
      args: ['--cluster-require-full-coverage', 'no'],
    });
    const options = { redis: { rootNodes: redis.rootNodes }, shards: PARTS, connect: true, capacity: 1 };
    const app = await Test.createTestingModule({ imports: [ReceiverModule.forRoot(options)] })
      .setLogger(new NestLog())
      .compile();
    await app.init();
    const receiver = app.get<Receiver>(getReceiverToken());
    const status = () => app.get(ReceiverHealthIndicator).isHealthy('redis').redis.status;
    const causes: string[] = [];
    receiver.events.subscribe((event) => {
      if (event.type === 'gap') causes.push(event.gap.cause);
    });
    expect(status()).toBe('up');

    const [first, second] = (await Promise.all(PARTS.map((name) => redis.ownerOf(name)))) as [
      RedisNode,
      RedisNode,
    ];
    await first.server.kill();
    await until(() => status() === 'down');
    // The return of one connection, and the end of an overflow, do not change the status.
    await second.ask('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => causes.includes('reconnect'), { timeout: 10_000 });
    expect(status()).toBe('down');
    for (const data of ['1', '2']) await second.admin.sPublish(PARTS[1]!, data);
    await until(() => receiver.stats.dropped === 1);
    await receiver.get();
    await until(() => causes.includes('overflow'));
    expect(status()).toBe('down');

    // The connection of a closed Channel is not required.
    await receiver.shards.get(PARTS[0]!)!.close();
    await until(() => status() === 'up');
    await app.close();
  }, 60_000);

  it('is down while the connection of a Channel of another client is lost', async () => {
    await using redis = await RedisServer.start();
    await using other = await RedisServer.start();
    const app = await start(redis);
    const client = createClient({ url: other.url });
    client.on('error', () => undefined);
    await client.connect();
    const receiver = app.get<Receiver>(getReceiverToken());
    const status = () => app.get(ReceiverHealthIndicator).isHealthy('redis').redis.status;
    const channel = receiver.channel('theirs', { client });
    await channel.whenSubscribed();
    expect(status()).toBe('up');
    await other.kill();
    await until(() => status() === 'down');
    await channel.close();
    expect(status()).toBe('up');
    client.destroy();
    await app.close();
  });

  it('is down when the Receiver is stopped', async () => {
    await using redis = await RedisServer.start();
    const app = await start(redis);
    await app.get<Receiver>(getReceiverToken('more')).stop();
    expect(app.get(ReceiverHealthIndicator).isHealthy('x', 'more')).toEqual({
      x: { status: 'down', message: 'The Receiver is stopped', ...counts },
    });
    await app.close();
  });
});
