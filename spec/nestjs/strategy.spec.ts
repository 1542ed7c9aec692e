import { Controller, Inject, type Type } from '@nestjs/common';
import {
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  type RedisContext,
  RpcException,
  type IncomingRequest,
} from '@nestjs/microservices';
import { from, of, throwError } from 'rxjs';
import { json, type Codec } from 'rx-redis-receiver';
import { ReceiverStrategy, type HandlerExtras, type ReceiverStrategyOptions } from 'rx-redis-receiver/nestjs';
import { ask, emit, NestFixture } from '../support/nest-fixture.js';
import { until } from '../support/until.js';

class Recorder {
  readonly received: string[] = [];
}

@Controller()
class Handlers {
  constructor(@Inject(Recorder) readonly recorder: Recorder) {}

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
    this.recorder.received.push(`${context.getChannel()}: ${JSON.stringify(data)}`);
  }

  @EventPattern('orders.*')
  anyOrder(@Payload() data: unknown, @Ctx() context: RedisContext): void {
    this.recorder.received.push(`* ${context.getChannel()}: ${JSON.stringify(data)}`);
  }

  @EventPattern('orders.1')
  order(@Payload() data: unknown): void {
    this.recorder.received.push(`orders.1: ${JSON.stringify(data)}`);
  }

  @MessagePattern('orders.get')
  get(@Payload() id: number): string {
    return `order ${id}`;
  }

  @EventPattern('what?', { kind: 'channel' } satisfies HandlerExtras)
  literal(@Payload() data: string): void {
    this.recorder.received.push(`what?: ${data}`);
  }

  @EventPattern('part:{a}', { kind: 'shard' } satisfies HandlerExtras)
  shard(@Payload() data: string): void {
    this.recorder.received.push(`shard: ${data}`);
  }

  @MessagePattern('ask:{a}', { kind: 'shard' } satisfies HandlerExtras)
  ask(@Payload() data: string): string {
    return `asked ${data}`;
  }

  @EventPattern('throws')
  throws(@Payload() data: string): void {
    this.recorder.received.push(`throws ${data}`);
    if (data === 'bad') throw new Error('bad event');
  }
}

describe('ReceiverStrategy', () => {
  const nest = new NestFixture();
  let recorder: Recorder;

  beforeEach(() => {
    recorder = new Recorder();
  });

  const serve = (options: ReceiverStrategyOptions = {}, controller: Type = Handlers) =>
    nest.serve(controller, options, [{ provide: Recorder, useValue: recorder }]);

  const received = (count: number) =>
    until(() => recorder.received.length >= count, { message: `${count} messages` });

  describe('with a client of Nest', () => {
    it('replies to requests with a value, a promise, a stream, or nothing', async () => {
      await serve();
      const client = await nest.proxy();
      await expect(ask(client, { cmd: 'sum' }, [1, 2, 3])).resolves.toEqual([6]);
      await expect(ask(client, 'later', 'soon')).resolves.toEqual(['SOON']);
      await expect(ask(client, 'count', 3)).resolves.toEqual([1, 2, 3]);
      await expect(ask(client, 'count', 0)).resolves.toEqual([]);
      await expect(ask(client, 'nothing', '')).resolves.toEqual([]);
    });

    it('replies to a failure with its error, and continues', async () => {
      await serve();
      const client = await nest.proxy();
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
      expect(nest.log.of('error').join()).toContain('A reply could not be written');
    });

    it('replies to a request through a pattern on the reply channel of the requested name', async () => {
      await serve();
      const client = await nest.proxy();
      await expect(ask(client, 'math.double', 2)).resolves.toEqual(['math.double 2']);
      // The pattern also matches the replies.
      await expect(ask(client, 'math.half', 3)).resolves.toEqual(['math.half 3']);
      expect(nest.log.of('error')).toEqual([]);
    });

    it('receives events through channels and patterns at once', async () => {
      await serve();
      const client = await nest.proxy();
      await emit(client, 'news', { a: 1 });
      await emit(client, 'orders.1', 'one');
      await emit(client, 'orders.2', 'two');
      await received(4);
      const of = (channel: string) => recorder.received.filter((line) => line.includes(channel));
      expect(of('news')).toEqual(['news: {"a":1}']);
      expect(of('orders.1')).toEqual(['orders.1: "one"', '* orders.1: "one"']);
      expect(of('orders.2')).toEqual(['* orders.2: "two"']);
    });

    it('passes a request to an event handler whose pattern matches, and replies once', async () => {
      await serve();
      const client = await nest.proxy();
      await expect(ask(client, 'orders.get', 7)).resolves.toEqual(['order 7']);
      await received(1);
      expect(recorder.received).toEqual(['* orders.get: 7']);
    });
  });

  describe('the wire', () => {
    it('may carry messages that are not packets of Nest: any JSON and text', async () => {
      await serve();
      const client = await nest.bare();
      await client.publish('news', 'plain text');
      await client.publish('news', '{"price":1}');
      await client.publish('news', '5');
      await client.publish('news', 'null');
      await received(4);
      expect(recorder.received).toEqual(['news: "plain text"', 'news: {"price":1}', 'news: 5', 'news: null']);
    });

    it('supports channels that look like a pattern, and sharded channels', async () => {
      await serve();
      const client = await nest.bare();
      await client.publish('whatX', '1');
      await client.publish('what?', '2');
      await client.publish('part:{a}', '3');
      await client.sPublish('part:{a}', '4');
      await received(2);
      expect(recorder.received).toEqual(['what?: 2', 'shard: 4']);

      const replies: string[] = [];
      await client.sSubscribe('ask:{a}.reply', (reply) => replies.push(reply));
      await (await nest.bare()).sPublish('ask:{a}', JSON.stringify({ pattern: 'ask:{a}', data: 5, id: 'y' }));
      await until(() => replies.length > 0);
      expect(JSON.parse(replies[0]!)).toEqual({ response: 'asked 5', isDisposed: true, id: 'y' });
    });

    it('treats a name that is an object as a channel', async () => {
      @Controller()
      class UnusualNames {
        @MessagePattern({ cmd: '*' })
        all(): string {
          return 'literally';
        }
      }
      await serve({}, UnusualNames);
      await expect(ask(await nest.proxy(), { cmd: '*' }, 0)).resolves.toEqual(['literally']);
      await expect((await nest.bare()).pubSubNumPat()).resolves.toBe(0);
    });

    it('supports a codec for all handlers or for one', async () => {
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
      const client = await nest.bare();
      const replies: string[] = [];
      await client.pSubscribe('*.reply', (reply) => replies.push(reply));
      const packet = { data: 'hi', id: 'z' };
      const publisher = await nest.bare();
      await publisher.publish('coded', hex.encode(packet));
      await until(() => replies.length === 1);
      await publisher.publish('plain', JSON.stringify(packet));
      await until(() => replies.length === 2);
      const expected = { response: 'hi', isDisposed: true, id: 'z' };
      expect([hex.decode(replies[0]!, ''), JSON.parse(replies[1]!)]).toEqual([expected, expected]);
    });

    it('supports serializers and deserializers of Nest, also asynchronous ones', async () => {
      await serve({
        deserializer: { deserialize: ({ p }: { p: IncomingRequest }) => Promise.resolve(p) },
        serializer: { serialize: (value: unknown) => ({ p: value }) },
      });
      const client = await nest.bare();
      const replies: string[] = [];
      await client.subscribe('later.reply', (reply) => replies.push(reply));
      await (
        await nest.bare()
      ).publish('later', JSON.stringify({ p: { pattern: 'later', data: 'x', id: 'i' } }));
      await until(() => replies.length > 0);
      expect(JSON.parse(replies[0]!)).toEqual({ p: { response: 'X', isDisposed: true, id: 'i' } });
    });
  });

  describe('a failure', () => {
    it('in a codec is reported, and the next message is handled', async () => {
      await serve({ codec: json() });
      const client = await nest.bare();
      await client.publish('news', '{"data":1}');
      await client.publish('news', 'no JSON');
      await client.publish('orders.2', 'no JSON either');
      await client.publish('news', '{"data":2}');
      await received(2);
      expect(recorder.received).toEqual(['news: 1', 'news: 2']);
      expect(nest.log.of('error')).toHaveLength(2);
      expect(nest.log.of('error')[0]).toContain('A message on "news" could not be decoded');
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
      const client = await nest.bare();
      await client.publish('news', '{"data":"bad"}');
      await client.publish('news', '{"data":"good"}');
      await received(1);
      expect(recorder.received).toEqual(['news: "good"']);
      expect(nest.log.of('error')).toEqual(['error The handler of news failed, on news: no packet']);
    });

    it('in a handler is reported with its channel, and the next event is handled', async () => {
      await serve();
      const client = await nest.bare();
      await client.publish('throws', '{"data":"bad"}');
      await client.publish('throws', '{"data":"good"}');
      await received(2);
      expect(recorder.received).toEqual(['throws bad', 'throws good']);
      expect(nest.log.of('error')).toEqual([
        'error bad event',
        'error The handler of throws failed, on throws: Internal server error',
      ]);
    });

    it('in the key falls back to the order of the channel', async () => {
      await serve({
        key() {
          throw new Error('no key');
        },
      });
      await (await nest.bare()).publish('news', '1');
      await received(1);
      expect(nest.log.of('error')).toEqual(['error No key for a message on news: no key']);
    });

    it('at the start makes the start fail: a wrong kind, a refused channel, a wrong address', async () => {
      @Controller()
      class Wrong {
        @EventPattern('x', { kind: 'topic' })
        x(): void {}
      }
      await expect(serve({}, Wrong)).rejects.toThrow(
        "Expected the kind of the handler of x to be 'channel', 'pattern' or 'shard', got \"topic\".",
      );
      const admin = await nest.bare();
      await admin.aclSetUser('few', ['on', '>secret', '+@all', '~*', 'resetchannels', '&news']);
      const url = `redis://few:secret@127.0.0.1:${nest.redis.port}`;
      await expect(serve({ redis: url })).rejects.toThrow('Could not subscribe');
      await expect(serve({ redis: url.replace('secret', 'wrong') })).rejects.toThrow('WRONGPASS');
      await until(async () => (await admin.clientList()).length === 1);
    });

    it('in the name of an option is reported at once, with a suggestion', () => {
      const make = (options: object) => () => new ReceiverStrategy(options);
      expect(make({ concurency: 1 })).toThrow(
        expect.objectContaining({
          name: 'TypeError',
          code: 'ERR_INVALID_ARGUMENT',
          message: expect.stringMatching(
            /the options of a ReceiverStrategy.*got "concurency"\. Did you mean 'concurrent'\?$/,
          ) as string,
        }),
      );
      expect(make({ draintimeout: undefined })).toThrow("Did you mean 'drainTimeout'?");
      expect(make({ host: 'localhost', port: 6379 })).toThrow(/'redis'.*got "host"\.$/);
      expect(make([])).toThrow('a plain object');
      expect(make(null as never)).toThrow('an object, got null');
      const clients = { redis: undefined, client: undefined, publisher: undefined };
      const work = { concurrent: 1, key: () => 1, capacity: 1, overflow: 'drop-incoming', drainTimeout: 0 };
      const packets = { codec: undefined, deserializer: undefined, serializer: undefined, reader: undefined };
      expect(make({ ...clients, ...work, ...packets })).not.toThrow();
    });

    it('in the options is reported at once', () => {
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
});
