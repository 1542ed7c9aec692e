import { promisify } from 'node:util';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, type IncomingRequest } from '@nestjs/microservices';
import { ReceiverStrategy, type HandlerExtras } from 'rx-redis-receiver/nestjs';
import { MemoryPubSub } from 'rx-redis-receiver/testing';
import { NestFixture } from '../support/nest-fixture.js';
import { until } from '../support/until.js';

/** Values other than an Error that JavaScript can throw. */
const THROWN: readonly [what: string, value: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a text', 'a text'],
  ['an object without a prototype', Object.create(null)],
  ['a symbol', Symbol('thrown')],
];

function throwValue(value: unknown): never {
  throw value;
}

@Controller()
class Handlers {
  static received: unknown[] = [];
  static gates: ((answer: string) => void)[] = [];

  @EventPattern('news')
  news(@Payload() data: unknown): void {
    Handlers.received.push(data);
  }

  @MessagePattern('slow')
  slow(): Promise<string> {
    return new Promise((resolve) => Handlers.gates.push(resolve));
  }
}

describe('ReceiverStrategy', () => {
  const nest = new NestFixture();

  beforeEach(() => {
    Handlers.received = [];
    Handlers.gates = [];
  });

  afterEach(() => {
    for (const open of Handlers.gates) open('at the end');
  });

  describe.each(THROWN)('survives %s thrown', (_, value) => {
    const good = async () => {
      const client = await nest.bare();
      await client.publish('news', '{"data":"bad"}');
      await client.publish('news', '{"data":"good"}');
      await until(() => Handlers.received.includes('good'));
    };

    it('by a deserializer', async () => {
      const deserialize = (packet: IncomingRequest) => (packet.data === 'bad' ? throwValue(value) : packet);
      await nest.serve(Handlers, { deserializer: { deserialize } });
      await good();
      expect(Handlers.received).toEqual(['good']);
      expect(nest.log.of('error')).toHaveLength(1);
    });

    it('by a codec', async () => {
      const decode = (data: string | Buffer): unknown =>
        data.includes('bad') ? throwValue(value) : JSON.parse(data.toString());
      await nest.serve(Handlers, { codec: { encode: (packet) => JSON.stringify(packet), decode } });
      await good();
      expect(Handlers.received).toEqual(['good']);
      expect(nest.log.of('error')).toHaveLength(1);
    });

    it('by a key', async () => {
      await nest.serve(Handlers, { key: () => throwValue(value) });
      await good();
      expect(Handlers.received).toEqual(['bad', 'good']);
      expect(nest.log.of('error')).toHaveLength(2);
    });

    it('by a handler of addHandler()', async () => {
      const strategy = new ReceiverStrategy({ redis: nest.redis.url });
      const handle = (data: unknown) => {
        if (data === 'bad') throwValue(value);
        Handlers.received.push(data);
        return Promise.resolve();
      };
      strategy.addHandler('news', handle, true);
      nest.closeLater(() => strategy.close());
      await promisify(strategy.listen.bind(strategy))();
      await good();
      expect(Handlers.received).toEqual(['good']);
    });
  });

  it('refuses to listen if handlers of one name differ in kind or codec', async () => {
    @Controller()
    class FailingStreams {
      @EventPattern('orders')
      all(): void {}

      @EventPattern('orders', { kind: 'shard' } satisfies HandlerExtras)
      shard(): void {}
    }
    await expect(nest.serve(FailingStreams)).rejects.toThrow(
      'Expected the handlers of orders to be of one kind, codec and group',
    );
  });

  it('replies to the unhandled requests when its time to close is over', async () => {
    const { app } = await nest.serve(Handlers, { concurrent: 1, drainTimeout: 20 });
    const replies: string[] = [];
    await (await nest.bare()).subscribe('slow.reply', (reply) => replies.push(reply));
    const client = await nest.bare();
    for (const id of ['running', 'waiting', 'waiting too']) {
      await client.publish('slow', JSON.stringify({ pattern: 'slow', data: 0, id }));
    }
    await until(() => Handlers.gates.length === 1);
    await app.close();
    await until(() => replies.length === 3);
    const err = { status: 'error', message: 'The server was closed before this was complete.' };
    const answer = (id: string) => ({ err, isDisposed: true, id });
    expect(replies.map((reply) => JSON.parse(reply) as unknown)).toEqual(
      expect.arrayContaining(['running', 'waiting', 'waiting too'].map(answer)),
    );
  });

  it('refuses a bounded number of requests at a time', async () => {
    const client = new MemoryPubSub();
    let pending = 0;
    const publish = () => {
      pending++;
      return new Promise<number>(() => undefined);
    };
    await nest.serve(Handlers, {
      client,
      publisher: { publish },
      concurrent: 1,
      capacity: 1,
      drainTimeout: 0,
    });
    for (let id = 0; id < 5_000; id++) client.publish('slow', JSON.stringify({ data: 0, id }));
    await until(() => pending > 0);
    expect(pending).toBe(1_000);
  });

  describe('that closes', () => {
    const strategyOf = () => {
      const strategy = new ReceiverStrategy({ redis: nest.redis.url });
      strategy.addHandler('slow', () => new Promise((resolve) => Handlers.gates.push(resolve)), true);
      nest.closeLater(() => strategy.close());
      return { strategy, listen: promisify(strategy.listen.bind(strategy)) };
    };

    it('resolves every simultaneous call of close() when it is closed', async () => {
      const { strategy, listen } = strategyOf();
      await listen();
      const client = await nest.bare();
      await client.publish('slow', '1');
      await until(() => Handlers.gates.length === 1);
      const done: string[] = [];
      const closing = ['first', 'second'].map((name) => strategy.close().then(() => done.push(name)));
      await until(async () => (await client.pubSubNumSub('slow')).slow === 0);
      expect(done).toEqual([]);
      Handlers.gates.forEach((open) => open(''));
      await Promise.all(closing);
      expect(done.sort()).toEqual(['first', 'second']);
    });

    it('can listen again, and receives requests', async () => {
      const { strategy, listen } = strategyOf();
      const ready: string[] = [];
      strategy.on('ready', (role) => ready.push(role));
      await listen();
      const closing = strategy.close();
      await Promise.all([closing, listen()]);
      expect(ready.sort()).toEqual(['pub', 'pub', 'sub', 'sub']);
      const statuses: string[] = [];
      strategy.status.subscribe((status) => statuses.push(status));
      const [, subscriber] = strategy.unwrap<{ sendCommand(command: string[]): Promise<number> }[]>();
      const id = await subscriber!.sendCommand(['CLIENT', 'ID']);
      await (await nest.bare()).clientKill({ filter: 'ID', id });
      await until(() => statuses.join() === 'connected,reconnecting,connected');
    });

    it('while Redis does not acknowledge stops waiting, and leaves nothing behind', async () => {
      const client = new MemoryPubSub({ acknowledge: 'withheld' });
      const strategy = new ReceiverStrategy({ client, publisher: client });
      strategy.addHandler('news', () => Promise.resolve(), true);
      const listening = promisify(strategy.listen.bind(strategy))().catch((error: unknown) => error);
      await until(() => client.log.length > 0);
      await strategy.close();
      await expect(listening).resolves.toEqual(new Error('The server was closed while it was connecting.'));
    });

    it('while it connects leaves no connection behind', async () => {
      const { strategy, listen } = strategyOf();
      const admin = await nest.bare();
      const listening = listen().catch((error: unknown) => error);
      await strategy.close();
      await until(async () => (await admin.clientList()).length === 1);
      await expect(listening).resolves.toEqual(new Error('The server was closed while it was connecting.'));
    });
  });
});
