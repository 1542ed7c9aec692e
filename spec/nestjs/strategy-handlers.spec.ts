import { promisify } from 'node:util';
import { Controller } from '@nestjs/common';
import {
  EventPattern,
  MessagePattern,
  Payload,
  type ConsumerDeserializer,
  type IncomingRequest,
  type RedisContext,
} from '@nestjs/microservices';
import { from, interval, lastValueFrom, of, throwError, toArray } from 'rxjs';
import { ReceiverStrategy, type ReceiverStrategyOptions } from 'rx-redis-receiver/nestjs';
import { ask, NestFixture } from '../support/nest-fixture.js';
import { until } from '../support/until.js';

const calls: string[] = [];

@Controller()
class Handlers {
  @EventPattern('value')
  value(@Payload() data: string) {
    calls.push(`value ${data}`);
    return data;
  }

  @EventPattern('promise')
  async promise(@Payload() data: string) {
    calls.push(`promise ${data}`);
    await Promise.resolve();
    if (data === 'bad') throw new Error('rejected');
    calls.push(`resolved ${data}`);
  }

  @EventPattern('stream')
  stream(@Payload() data: string) {
    calls.push(`stream ${data}`);
    return data === 'bad' ? throwError(() => new Error('failed')) : of(1, 2);
  }

  @MessagePattern('echo')
  echo(@Payload() data: string) {
    calls.push(`echo ${data}`);
    return data;
  }

  @MessagePattern('fails')
  fails() {
    throw new Error('no');
  }
}

describe('The handlers of a ReceiverStrategy', () => {
  const nest = new NestFixture();

  beforeEach(() => {
    calls.length = 0;
  });

  const called = (...expected: string[]) =>
    until(() => calls.length >= expected.length).then(() => expect(calls).toEqual(expected));

  async function publish(...messages: [channel: string, data: unknown][]) {
    const client = await nest.bare();
    for (const [channel, data] of messages) await client.publish(channel, JSON.stringify({ data }));
  }

  describe.each<[string, ConsumerDeserializer | undefined]>([
    ["Nest's deserializer", undefined],
    ['a synchronous one', { deserialize: (value: IncomingRequest) => value }],
    ['an asynchronous one', { deserialize: (value: IncomingRequest) => Promise.resolve(value) }],
    [
      'one that returns a thenable',
      {
        deserialize: (value: IncomingRequest) =>
          ({
            then: (resolve: (packet: IncomingRequest) => void) => resolve(value),
          }) as Promise<IncomingRequest>,
      },
    ],
  ])('with %s', (_, deserializer) => {
    const serve = (options: ReceiverStrategyOptions = {}) =>
      nest.serve(Handlers, { ...options, deserializer });

    it('may return a value, a promise or a stream, and are called in the order of their channel', async () => {
      await serve({ concurrent: 1 });
      const names = ['value', 'promise', 'stream'];
      await publish(
        ...names.flatMap((name): [string, string][] => [
          [name, '1'],
          [name, '2'],
        ]),
      );
      await called(
        'value 1',
        'value 2',
        'promise 1',
        'resolved 1',
        'promise 2',
        'resolved 2',
        'stream 1',
        'stream 2',
      );
    });

    it('may fail in each of these ways', async () => {
      await serve({ concurrent: 1 });
      await publish(['promise', 'bad'], ['stream', 'bad'], ['promise', 'good'], ['stream', 'good']);
      await called('promise bad', 'stream bad', 'promise good', 'resolved good', 'stream good');
      expect(nest.log.of('error').filter((line) => line.includes('The handler of'))).toEqual([
        'error The handler of promise failed, on promise: Internal server error',
        'error The handler of stream failed, on stream: Internal server error',
      ]);
    });
  });

  describe('of addHandler()', () => {
    async function serve(prepare: (strategy: ReceiverStrategy) => void) {
      const strategy = new ReceiverStrategy({ redis: nest.redis.url });
      prepare(strategy);
      nest.closeLater(() => strategy.close());
      await promisify(strategy.listen.bind(strategy))();
    }

    it('may reply with a value that is not a promise', async () => {
      const handler = (data: string) => `${data}!` as never;
      await serve((strategy) => strategy.addHandler('text', handler));
      await expect(ask(await nest.proxy(), 'text', 'hello')).resolves.toEqual(['hello!']);
    });
  });

  describe('with hooks', () => {
    type Start = Parameters<ReceiverStrategy['setOnProcessingStartHook']>[0];
    type Done = () => Promise<void>;

    const channelOf = (context: unknown) => (context as RedisContext).getChannel();
    const recordEnd = (strategy: ReceiverStrategy) =>
      strategy.setOnProcessingEndHook((_, context) => calls.push(`end ${channelOf(context)}`));
    const start = (hook: (channel: string, done: Done) => unknown): Start =>
      ((_: unknown, context: unknown, done: Done) => hook(channelOf(context), done)) as Start;
    const recordStart = (strategy: ReceiverStrategy) =>
      strategy.setOnProcessingStartHook(
        start((channel, done) => {
          calls.push(`start ${channel}`);
          return done();
        }),
      );

    it('set before the server listens, are called around each message', async () => {
      await nest.serve(Handlers, {}, [], (strategy) => {
        recordStart(strategy);
        recordEnd(strategy);
      });
      await publish(['promise', '1']);
      await called('start promise', 'promise 1', 'resolved 1', 'end promise');
      await ask(await nest.proxy(), 'echo', 'x');
      expect(calls.slice(4)).toEqual(['start echo', 'echo x', 'end echo']);
    });

    it('set while it listens, are called from then on', async () => {
      const { strategy } = await nest.serve(Handlers);
      await publish(['value', '1']);
      await called('value 1');
      recordStart(strategy);
      await publish(['value', '2']);
      await called('value 1', 'start value', 'value 2');
      recordEnd(strategy);
      await publish(['value', '3']);
      await called('value 1', 'start value', 'value 2', 'start value', 'value 3', 'end value');
    });

    it('may have only a hook at the end, which is called after failures, too', async () => {
      await nest.serve(Handlers, {}, [], recordEnd);
      await publish(['promise', 'bad'], ['stream', 'bad']);
      await until(() => calls.length === 4);
      expect(calls.sort()).toEqual(['end promise', 'end stream', 'promise bad', 'stream bad']);
      await expect(ask(await nest.proxy(), 'fails', 0)).rejects.toMatchObject({ status: 'error' });
      await until(() => calls.at(-1) === 'end fails');
      expect(nest.log.of('error').filter((line) => line.includes('The handler of'))).toHaveLength(2);
    });

    it('may begin later, and stay in order', async () => {
      await nest.serve(Handlers, {}, [], (strategy) =>
        strategy.setOnProcessingStartHook(
          start(async (_, done) => {
            calls.push('start');
            await new Promise((resolve) => setImmediate(resolve));
            await done();
          }),
        ),
      );
      await publish(['value', '1'], ['value', '2']);
      await called('start', 'value 1', 'start', 'value 2');
    });

    it.each([
      ['returns without calling `done`', () => undefined],
      ['resolves without calling `done`', () => Promise.resolve()],
      [
        'throws',
        () => {
          throw new Error('hook');
        },
      ],
      ['rejects', () => Promise.reject(new Error('hook'))],
    ])('may skip a message: the next one follows if the hook %s', async (_, decline: () => unknown) => {
      let isFirst = true;
      await nest.serve(Handlers, {}, [], (strategy) =>
        strategy.setOnProcessingStartHook(
          start((__, done) => {
            if (!isFirst) return done();
            isFirst = false;
            return decline();
          }),
        ),
      );
      await publish(['value', '1'], ['value', '2']);
      await called('value 2');
    });

    it('that begin after the hook has returned report their failures', async () => {
      let begin: Done | undefined;
      await nest.serve(Handlers, {}, [], (strategy) =>
        strategy.setOnProcessingStartHook(
          start((_, done) => {
            begin = done;
          }),
        ),
      );
      await publish(['stream', 'bad']);
      const late = await until(() => begin);
      await late?.();
      expect(nest.log.of('error').at(-1)).toBe(
        'error The handler of stream failed, on stream: Internal server error',
      );
    });
  });

  describe('when the server closes', () => {
    let ended: string[];

    @Controller()
    class Endless {
      @EventPattern('endless')
      event() {
        calls.push('event');
        return interval(1);
      }

      @MessagePattern('ticks')
      ticks() {
        return interval(1);
      }

      @MessagePattern('slow-stream')
      slow() {
        calls.push('slow');
        return from(new Promise((resolve) => setImmediate(resolve)).then(() => 'done'));
      }
    }

    beforeEach(() => {
      ended = [];
    });

    it('end their streams with an error after `drainTimeout`', async () => {
      const { app } = await nest.serve(Endless, { drainTimeout: 20 });
      const client = await nest.proxy();
      const asked = new Promise<unknown>((resolve) => {
        client.send<number>('ticks', 0).subscribe({
          next: (tick) => ended.push(String(tick)),
          error: resolve,
        });
      });
      await publish(['endless', 0]);
      await until(() => calls.length === 1 && ended.length > 2);
      await app.close();
      const closed = 'The server was closed before this was complete.';
      await expect(asked).resolves.toEqual({ status: 'error', message: closed });
      expect(ended.map(Number)).toEqual(ended.map((__, index) => index));
      expect(nest.log.of('error')).toEqual([`error The handler of endless failed, on endless: ${closed}`]);
      expect(nest.log.of('warn')).toEqual(['warn Closed with messages that were not handled within 20 ms']);
    });

    it('have their replies sent', async () => {
      const { app } = await nest.serve(Endless);
      const client = await nest.proxy();
      const answers = lastValueFrom(client.send('slow-stream', 0).pipe(toArray()));
      await until(() => calls.length === 1);
      await app.close();
      await expect(answers).resolves.toEqual(['done']);
    });
  });
});
