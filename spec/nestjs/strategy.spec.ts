import { promisify } from 'node:util';
import { Controller, Inject, Logger } from '@nestjs/common';
import {
  ClientProxyFactory,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  type RedisContext,
  RpcException,
  Transport,
  type ClientProxy,
  type IncomingRequest,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { createClient } from 'redis';
import { firstValueFrom, from, lastValueFrom, of, Subject, throwError, toArray } from 'rxjs';
import { json, Receiver, type Codec } from 'rx-redis-receiver';
import { ReceiverStrategy, type HandlerExtras, type ReceiverStrategyOptions } from 'rx-redis-receiver/nestjs';
import { NestLog } from '../support/nest-log.js';
import { freePort } from '../support/free-port.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

class Notes {
  readonly heard: string[] = [];
}

@Controller()
class Handlers {
  constructor(@Inject(Notes) readonly notes: Notes) {}

  @MessagePattern({ cmd: 'sum' })
  sum(@Payload() numbers: number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }

  @MessagePattern('count')
  count(@Payload() to: number) {
    return from(Array.from({ length: to }, (_, index) => index + 1));
  }

  @MessagePattern('later')
  later(@Payload() value: string): Promise<string> {
    return Promise.resolve(value.toUpperCase());
  }

  @MessagePattern('nothing')
  nothing(): void {}

  @MessagePattern('refuse')
  refuse(): never {
    throw new RpcException('not today');
  }

  @MessagePattern('break')
  break() {
    return throwError(() => new Error('broken'));
  }

  @MessagePattern('unwritable')
  unwritable() {
    return of(1n);
  }

  @MessagePattern('math.*')
  math(@Payload() value: number, @Ctx() context: RedisContext): string {
    return `${context.getChannel()} ${value}`;
  }

  @EventPattern('news')
  news(@Payload() data: unknown, @Ctx() context: RedisContext): void {
    this.notes.heard.push(`${context.getChannel()}: ${JSON.stringify(data)}`);
  }

  @EventPattern('orders.*')
  anyOrder(@Payload() data: unknown, @Ctx() context: RedisContext): void {
    this.notes.heard.push(`* ${context.getChannel()}: ${JSON.stringify(data)}`);
  }

  @EventPattern('orders.1')
  order(@Payload() data: unknown): void {
    this.notes.heard.push(`orders.1: ${JSON.stringify(data)}`);
  }

  @MessagePattern('orders.get')
  get(@Payload() id: number): string {
    return `order ${id}`;
  }

  @EventPattern('what?', { kind: 'channel' } satisfies HandlerExtras)
  literal(@Payload() data: string): void {
    this.notes.heard.push(`what?: ${data}`);
  }

  @EventPattern('part:{a}', { kind: 'shard' } satisfies HandlerExtras)
  shard(@Payload() data: string): void {
    this.notes.heard.push(`shard: ${data}`);
  }

  @MessagePattern('ask:{a}', { kind: 'shard' } satisfies HandlerExtras)
  ask(@Payload() data: string): string {
    return `asked ${data}`;
  }

  @EventPattern('throws')
  throws(@Payload() data: string): void {
    this.notes.heard.push(`throws ${data}`);
    if (data === 'bad') throw new Error('bad event');
  }
}

describe('ReceiverStrategy', () => {
  let redis: RedisServer;
  let notes: Notes;
  let log: NestLog;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start();
  });

  beforeEach(() => {
    notes = new Notes();
    log = new NestLog();
  });

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  afterAll(() => redis.stop());

  async function serve(
    options: ReceiverStrategyOptions = {},
    controller: new (...args: never[]) => unknown = Handlers,
  ) {
    const strategy = new ReceiverStrategy('client' in options ? options : { redis: redis.url, ...options });
    const module = await Test.createTestingModule({
      controllers: [controller],
      providers: [{ provide: Notes, useValue: notes }],
    })
      .setLogger(log)
      .compile();
    const app = module.createNestMicroservice({ strategy });
    closing.push(() => app.close());
    await app.listen();
    return { app, strategy };
  }

  async function proxy(): Promise<ClientProxy> {
    const client = ClientProxyFactory.create({
      transport: Transport.REDIS,
      options: { host: '127.0.0.1', port: redis.port },
    });
    closing.push(() => Promise.resolve(client.close()));
    await client.connect();
    return client;
  }

  async function bare() {
    const client = createClient({ url: redis.url });
    closing.push(() => {
      client.destroy();
      return Promise.resolve();
    });
    return client.connect();
  }

  const ask = (client: ClientProxy, pattern: unknown, data: unknown) =>
    lastValueFrom(client.send<unknown>(pattern, data).pipe(toArray()));

  const heard = (count: number) => until(() => notes.heard.length >= count, { message: `${count} messages` });

  describe("with Nest's own client", () => {
    it('answers requests: a value, a promise, a stream, nothing', async () => {
      await serve();
      const client = await proxy();
      await expect(ask(client, { cmd: 'sum' }, [1, 2, 3])).resolves.toEqual([6]);
      await expect(ask(client, 'later', 'soon')).resolves.toEqual(['SOON']);
      await expect(ask(client, 'count', 3)).resolves.toEqual([1, 2, 3]);
      await expect(ask(client, 'count', 0)).resolves.toEqual([]);
      await expect(ask(client, 'nothing', '')).resolves.toEqual([]);
    });

    it('answers what fails with its error, and goes on', async () => {
      await serve();
      const client = await proxy();
      await expect(ask(client, 'refuse', 0)).rejects.toEqual({ status: 'error', message: 'not today' });
      await expect(ask(client, 'break', 0)).rejects.toEqual({
        status: 'error',
        message: 'Internal server error',
      });
      await expect(ask(client, 'unwritable', 0)).rejects.toEqual({
        status: 'error',
        message: 'The reply could not be written.',
      });
      await expect(ask(client, 'later', 'still')).resolves.toEqual(['STILL']);
      expect(log.of('error').join()).toContain('A reply could not be written');
    });

    it('answers through a pattern where the client waits: at the reply channel of the one it asked', async () => {
      await serve();
      const client = await proxy();
      await expect(ask(client, 'math.double', 2)).resolves.toEqual(['math.double 2']);
      // The pattern has heard the replies, too.
      await expect(ask(client, 'math.half', 3)).resolves.toEqual(['math.half 3']);
      expect(log.of('error')).toEqual([]);
    });

    it('hears events, through channels and patterns at once', async () => {
      await serve();
      const client = await proxy();
      await lastValueFrom(client.emit('news', { a: 1 }), { defaultValue: undefined });
      await lastValueFrom(client.emit('orders.1', 'one'), { defaultValue: undefined });
      await lastValueFrom(client.emit('orders.2', 'two'), { defaultValue: undefined });
      await heard(4);
      const of = (channel: string) => notes.heard.filter((line) => line.includes(channel));
      expect(of('news')).toEqual(['news: {"a":1}']);
      expect(of('orders.1')).toEqual(['orders.1: "one"', '* orders.1: "one"']);
      expect(of('orders.2')).toEqual(['* orders.2: "two"']);
    });

    it('tells an event handler of a request that its pattern matches, and answers it once', async () => {
      await serve();
      const client = await proxy();
      await expect(ask(client, 'orders.get', 7)).resolves.toEqual(['order 7']);
      await heard(1);
      expect(notes.heard).toEqual(['* orders.get: 7']);
    });
  });

  describe('as the client', () => {
    it("is what Nest's own server is: the packets of one are read by the other", async () => {
      const module = await Test.createTestingModule({
        controllers: [Handlers],
        providers: [{ provide: Notes, useValue: notes }],
      })
        .setLogger(log)
        .compile();
      const theirs = module.createNestMicroservice({
        transport: Transport.REDIS,
        options: { host: '127.0.0.1', port: redis.port },
      });
      await theirs.listen();

      // The bytes that their server answers with, and ours: asked by the same packet on the same channel.
      const replyTo = async (packet: string) => {
        const client = await bare();
        const replies: string[] = [];
        await client.subscribe('count.reply', (reply) => replies.push(reply));
        await (await bare()).publish('count', packet);
        await until(() => replies.some((reply) => reply.includes('isDisposed')));
        return replies.map((reply) => JSON.parse(reply) as unknown);
      };
      const packet = JSON.stringify({ pattern: 'count', data: 2, id: 'x1' });
      const expected = await replyTo(packet);
      await theirs.close();
      await serve();
      await expect(replyTo(packet)).resolves.toEqual(expected);
      expect(expected).toEqual([
        { response: 1, id: 'x1' },
        { response: 2, isDisposed: true, id: 'x1' },
      ]);
    });
  });

  describe('the wire', () => {
    it('may carry what is no packet of Nest: JSON and text of anybody', async () => {
      await serve();
      const client = await bare();
      await client.publish('news', 'plain text');
      await client.publish('news', '{"price":1}');
      await client.publish('news', '5');
      await client.publish('news', 'null');
      await heard(4);
      expect(notes.heard).toEqual(['news: "plain text"', 'news: {"price":1}', 'news: 5', 'news: null']);
    });

    it('has channels that look like a pattern, and sharded ones', async () => {
      await serve();
      const client = await bare();
      await client.publish('whatX', '1');
      await client.publish('what?', '2');
      await client.publish('part:{a}', '3');
      await client.sPublish('part:{a}', '4');
      await heard(2);
      expect(notes.heard).toEqual(['what?: 2', 'shard: 4']);

      const replies: string[] = [];
      await client.sSubscribe('ask:{a}.reply', (reply) => replies.push(reply));
      await (await bare()).sPublish('ask:{a}', JSON.stringify({ pattern: 'ask:{a}', data: 5, id: 'y' }));
      await until(() => replies.length > 0);
      expect(JSON.parse(replies[0]!)).toEqual({ response: 'asked 5', isDisposed: true, id: 'y' });
    });

    it('takes a name that is an object for a channel, whatever is in it', async () => {
      @Controller()
      class Odd {
        @MessagePattern({ cmd: '*' })
        all(): string {
          return 'literally';
        }
      }
      await serve({}, Odd);
      await expect(ask(await proxy(), { cmd: '*' }, 0)).resolves.toEqual(['literally']);
      await expect((await bare()).pubSubNumPat()).resolves.toBe(0);
    });

    it('takes a codec, for all handlers and for one', async () => {
      const hex: Codec<unknown> = {
        encode: (value) => Buffer.from(JSON.stringify(value)).toString('hex'),
        decode: (data) => JSON.parse(Buffer.from(data.toString(), 'hex').toString()) as unknown,
      };
      @Controller()
      class Coded {
        @MessagePattern('coded')
        echo(@Payload() data: unknown) {
          return data;
        }

        @MessagePattern('plain', { codec: json() } satisfies HandlerExtras)
        plain(@Payload() data: unknown) {
          return data;
        }
      }
      await serve({ codec: hex }, Coded);
      const client = await bare();
      const replies: string[] = [];
      await client.pSubscribe('*.reply', (reply) => replies.push(reply));
      const packet = { data: 'hi', id: 'z' };
      const publisher = await bare();
      await publisher.publish('coded', hex.encode(packet));
      await until(() => replies.length === 1);
      await publisher.publish('plain', JSON.stringify(packet));
      await until(() => replies.length === 2);
      const expected = { response: 'hi', isDisposed: true, id: 'z' };
      expect([hex.decode(replies[0]!, ''), JSON.parse(replies[1]!)]).toEqual([expected, expected]);
    });

    it("takes a serializer and a deserializer of Nest's kind, asynchronous too", async () => {
      await serve({
        deserializer: { deserialize: ({ p }: { p: IncomingRequest }) => Promise.resolve(p) },
        serializer: { serialize: (value: unknown) => ({ p: value }) },
      });
      const client = await bare();
      const replies: string[] = [];
      await client.subscribe('later.reply', (reply) => replies.push(reply));
      await (await bare()).publish('later', JSON.stringify({ p: { pattern: 'later', data: 'x', id: 'i' } }));
      await until(() => replies.length > 0);
      expect(JSON.parse(replies[0]!)).toEqual({ p: { response: 'X', isDisposed: true, id: 'i' } });
    });
  });

  describe('what fails', () => {
    it('to be decoded is reported, and the next message is heard', async () => {
      await serve({ codec: json() });
      const client = await bare();
      await client.publish('news', '{"data":1}');
      await client.publish('news', 'no JSON');
      await client.publish('orders.2', 'no JSON either');
      await client.publish('news', '{"data":2}');
      await heard(2);
      expect(notes.heard).toEqual(['news: 1', 'news: 2']);
      expect(log.of('error')).toHaveLength(2);
      expect(log.of('error')[0]).toContain('A message on "news" could not be decoded');
    });

    it('in a deserializer is reported with its channel', async () => {
      await serve({
        deserializer: {
          deserialize(value: { data: unknown }) {
            if (value.data === 'bad') throw new Error('no packet');
            return value as IncomingRequest;
          },
        },
      });
      const client = await bare();
      await client.publish('news', '{"data":"bad"}');
      await client.publish('news', '{"data":"good"}');
      await heard(1);
      expect(notes.heard).toEqual(['news: "good"']);
      expect(log.of('error')).toEqual(['error The handler of news failed, on news: no packet']);
    });

    it('in a handler is reported with its channel, and the next event is handled', async () => {
      await serve();
      const client = await bare();
      await client.publish('throws', '{"data":"bad"}');
      await client.publish('throws', '{"data":"good"}');
      await heard(2);
      expect(notes.heard).toEqual(['throws bad', 'throws good']);
      expect(log.of('error')).toEqual([
        'error bad event',
        'error The handler of throws failed, on throws: Internal server error',
      ]);
    });

    it('in the key leaves the order of the channel', async () => {
      await serve({
        key() {
          throw new Error('no key');
        },
      });
      await (await bare()).publish('news', '1');
      await heard(1);
      expect(log.of('error')).toEqual(['error No key for a message on news: no key']);
    });

    it('at the start fails the start: a wrong kind, a channel that Redis refuses, an address', async () => {
      @Controller()
      class Wrong {
        @EventPattern('x', { kind: 'topic' })
        x(): void {}
      }
      await expect(serve({}, Wrong)).rejects.toThrow(
        "Expected the kind of the handler of x to be 'channel', 'pattern' or 'shard', got \"topic\".",
      );
      const admin = await bare();
      await admin.aclSetUser('few', ['on', '>secret', '+@all', '~*', 'resetchannels', '&news']);
      const url = `redis://few:secret@127.0.0.1:${redis.port}`;
      await expect(serve({ redis: url })).rejects.toThrow('Could not subscribe');
      await expect(serve({ redis: url.replace('secret', 'wrong') })).rejects.toThrow('WRONGPASS');
      await until(async () => (await admin.clientList()).length === 1);
    });

    it('of the options is said at once', () => {
      const make = (options: object) => () => new ReceiverStrategy(options);
      expect(make({ overflow: 'error' })).toThrow(
        "Expected the option 'overflow' to be 'drop-oldest' or 'drop-incoming', got \"error\".",
      );
      expect(make({ client: {}, redis: 'redis://x' })).toThrow(
        "the option 'redis' to be left out beside 'client'",
      );
      expect(make({ drainTimeout: -1 })).toThrow("the option 'drainTimeout'");
      expect(make({ key: 'id' })).toThrow("the option 'key' to be a function");
    });
  });

  describe('at work', () => {
    /** Each message waits until it is let through. */
    @Controller()
    class Gated {
      static running: string[] = [];
      static gates = new Map<string, () => void>();

      @EventPattern('jobs.*')
      job(@Payload() data: string, @Ctx() context: RedisContext): Promise<void> {
        return Gated.pass(`${context.getChannel()} ${data}`);
      }

      @MessagePattern('slow')
      async slow(@Payload() data: string): Promise<string> {
        await Gated.pass(`slow ${data}`);
        return `done ${data}`;
      }

      static pass(what: string): Promise<void> {
        Gated.running.push(what);
        return new Promise((resolve) => Gated.gates.set(what, resolve));
      }
    }

    beforeEach(() => {
      Gated.running = [];
      Gated.gates.clear();
    });

    afterEach(() => {
      for (const open of Gated.gates.values()) open();
    });

    const running = (...expected: string[]) =>
      until(() => Gated.running.join() === expected.join(), { message: `${expected.join()} to run` });
    const letThrough = (what: string) => Gated.gates.get(what)!();

    it('it handles a bounded number at a time, and a channel in its order', async () => {
      await serve({ concurrent: 2 }, Gated);
      const client = await bare();
      for (const [channel, data] of ['a1', 'a2', 'b1', 'c1']) await client.publish(`jobs.${channel}`, data!);
      await running('jobs.a 1', 'jobs.b 1');
      letThrough('jobs.b 1');
      await running('jobs.a 1', 'jobs.b 1', 'jobs.c 1');
      letThrough('jobs.a 1');
      await running('jobs.a 1', 'jobs.b 1', 'jobs.c 1', 'jobs.a 2');
    });

    it('it handles requests side by side, and in order where a key says so', async () => {
      const { app } = await serve({}, Gated);
      const client = await proxy();
      const answers = ['x', 'y'].map((data) => firstValueFrom(client.send('slow', data)));
      await running('slow x', 'slow y');
      letThrough('slow x');
      letThrough('slow y');
      await expect(Promise.all(answers)).resolves.toEqual(['done x', 'done y']);
      await app.close();

      await serve({ key: ({ channel }) => channel }, Gated);
      Gated.running = [];
      const ordered = ['x', 'y'].map((data) => firstValueFrom(client.send('slow', data)));
      await running('slow x');
      letThrough('slow x');
      await running('slow x', 'slow y');
      letThrough('slow y');
      await expect(Promise.all(ordered)).resolves.toEqual(['done x', 'done y']);
    });

    it('it tells what it has dropped, and who has asked is told', async () => {
      await serve({ concurrent: 1, capacity: 1, overflow: 'drop-incoming' }, Gated);
      const client = await proxy();
      const first = firstValueFrom(client.send('slow', 1));
      await running('slow 1');
      const second = firstValueFrom(client.send('slow', 2));
      await expect(firstValueFrom(client.send('slow', 3))).rejects.toEqual({
        status: 'error',
        message: 'The server is overloaded, and did not take this request.',
      });
      letThrough('slow 1');
      await running('slow 1', 'slow 2');
      letThrough('slow 2');
      await expect(Promise.all([first, second])).resolves.toEqual(['done 1', 'done 2']);
      await until(() => log.of('warn').length > 0);
      expect(log.of('warn')).toEqual(['warn Too much to handle: 1 messages were dropped so far']);
    });

    it('it closes when what came is handled and answered', async () => {
      const { app } = await serve({}, Gated);
      const client = await proxy();
      const answer = firstValueFrom(client.send('slow', 1));
      await running('slow 1');
      const publisher = await bare();
      await publisher.publish('jobs.a', '1');
      await publisher.publish('jobs.a', '2');
      let isClosed = false;
      const closed = app.close().then(() => (isClosed = true));
      await running('slow 1', 'jobs.a 1');
      letThrough('jobs.a 1');
      await running('slow 1', 'jobs.a 1', 'jobs.a 2');
      letThrough('jobs.a 2');
      await until(async () => (await publisher.pubSubNumPat()) === 0);
      expect(isClosed).toBe(false);
      letThrough('slow 1');
      await expect(answer).resolves.toBe('done 1');
      await closed;
    });

    it('it closes without what takes too long, and says so', async () => {
      const { app } = await serve({ drainTimeout: 20 }, Gated);
      await (await bare()).publish('jobs.a', '1');
      await running('jobs.a 1');
      await app.close();
      expect(log.of('warn')).toEqual(['warn Closed with messages that were not handled within 20 ms']);
    });

    it('an event is handled when the stream that its handler returned is complete', async () => {
      const gate = new Subject<number>();
      const started: string[] = [];
      @Controller()
      class Streaming {
        @EventPattern('stream')
        stream(@Payload() data: string) {
          started.push(data);
          return gate;
        }
      }
      await serve({}, Streaming);
      const client = await bare();
      await client.publish('stream', 'a');
      await client.publish('stream', 'b');
      await until(() => gate.observed);
      expect(started).toEqual(['a']);
      gate.complete();
      await until(() => started.length === 2);
    });

    it('the hooks of the application run around each message', async () => {
      const { strategy } = await serve();
      const calls: string[] = [];
      strategy.setOnProcessingStartHook((_, context, done) => {
        calls.push(`start ${(context as RedisContext).getChannel()}`);
        return done() as unknown as undefined;
      });
      strategy.setOnProcessingEndHook((_, context) =>
        calls.push(`end ${(context as RedisContext).getChannel()}`),
      );
      const client = await proxy();
      await expect(ask(client, 'later', 'x')).resolves.toEqual(['X']);
      await (await bare()).publish('news', '1');
      await until(() => calls.length === 4);
      expect(calls).toEqual(['start later', 'end later', 'start news', 'end news']);
    });
  });

  describe('its connection', () => {
    it('is told by status, the log and on(), and what is missing by a warning', async () => {
      const server = await RedisServer.start();
      closing.push(() => server.stop());
      const strategy = new ReceiverStrategy({ redis: server.url });
      const statuses: string[] = [];
      const ready: string[] = [];
      strategy.status.subscribe((status) => statuses.push(status));
      strategy.on('ready', (role) => ready.push(role));
      strategy.addHandler('a', () => Promise.resolve(), true);
      jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: string) => log.warn(line));
      jest.spyOn(Logger.prototype, 'log').mockImplementation((line: string) => log.log(line));
      jest.spyOn(Logger.prototype, 'error').mockImplementation((line: string) => log.error(line));
      await promisify(strategy.listen.bind(strategy))();
      closing.push(() => strategy.close());
      expect(ready.sort()).toEqual(['pub', 'sub']);

      await server.kill();
      await until(() => statuses.at(-1) === 'reconnecting');
      const again = await RedisServer.start({ port: server.port });
      closing.push(() => again.stop());
      await until(() => statuses.at(-1) === 'connected');
      await until(() => log.of('warn').some((line) => line.includes('Messages may be missing')));
      await strategy.close();
      expect(statuses).toEqual(['connected', 'reconnecting', 'connected', 'disconnected']);
      expect(ready.sort()).toEqual(['pub', 'pub', 'sub', 'sub']);
      expect(log.of('error').every((line) => line.startsWith('error The client that'))).toBe(true);
      jest.restoreAllMocks();
    });

    it('is there to unwrap while it listens', async () => {
      const { app, strategy } = await serve();
      const [publisher, subscriber, receiver] =
        app.unwrap<[Record<'isOpen', boolean>, Record<'isOpen', boolean>, Receiver]>();
      expect([publisher.isOpen, subscriber.isOpen]).toEqual([true, true]);
      expect(receiver).toBeInstanceOf(Receiver);
      expect([...receiver.patterns.keys()]).toEqual(['math.*', 'orders.*']);
      await app.close();
      expect([publisher.isOpen, subscriber.isOpen]).toEqual([false, false]);
      expect(() => strategy.unwrap()).toThrow('The server does not listen.');
    });

    it('may be borrowed, and is left as it was', async () => {
      const client = await bare();
      const publisher = await bare();
      const listeners = () =>
        [client, publisher].map((each) => each.eventNames().map((name) => each.listenerCount(name)));
      const before = listeners();
      const { app } = await serve({ client, publisher });
      await expect(ask(await proxy(), 'later', 'x')).resolves.toEqual(['X']);
      await app.close();
      expect(listeners()).toEqual(before);
      expect([client.isOpen, publisher.isOpen]).toEqual([true, true]);
      await expect(client.pubSubChannels()).resolves.not.toContain('later');
    });

    it('needs a publisher beside a client, where there are requests to answer', async () => {
      await expect(serve({ client: await bare() })).rejects.toThrow(
        "Expected the option 'publisher' to be a client, beside 'client', got undefined.",
      );
    });

    it('is given up by close() before there is one', async () => {
      const port = await freePort();
      const strategy = new ReceiverStrategy({ redis: `redis://127.0.0.1:${port}` });
      const errors = new Promise((resolve) => strategy.on('error', (_, error) => resolve(error)));
      const listening = promisify(strategy.listen.bind(strategy))();
      await errors;
      await strategy.close();
      await expect(listening).rejects.toThrow('The server was closed while it was connecting.');
    });

    it('serves again after close()', async () => {
      const strategy = new ReceiverStrategy({ redis: redis.url });
      strategy.addHandler('again', (data: string) => Promise.resolve(data + data));
      const listen = promisify(strategy.listen.bind(strategy));
      closing.push(() => strategy.close());
      await listen();
      await expect(listen()).rejects.toThrow('The server listens already. Close it first.');
      await strategy.close();
      await strategy.close();
      await listen();
      await expect(ask(await proxy(), 'again', 'x')).resolves.toEqual(['xx']);
    });
  });
});
