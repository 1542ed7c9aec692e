import { promisify } from 'node:util';
import { Controller, Logger } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Receiver } from 'rx-redis-receiver';
import { ReceiverStrategy } from 'rx-redis-receiver/nestjs';
import { freePort } from '../support/free-port.js';
import { ask, NestFixture } from '../support/nest-fixture.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

@Controller()
class Handlers {
  static received: string[] = [];

  @MessagePattern('later')
  later(@Payload() value: string) {
    return Promise.resolve(value.toUpperCase());
  }

  @EventPattern('orders.*')
  order(@Payload() data: string): void {
    Handlers.received.push(data);
  }
}

describe('The connection of a ReceiverStrategy', () => {
  const nest = new NestFixture();

  it('is reported by status, the log and on(), and a gap by a warning', async () => {
    const server = await RedisServer.start();
    nest.closeLater(() => server.stop());
    const strategy = new ReceiverStrategy({ redis: server.url });
    const statuses: string[] = [];
    const ready: string[] = [];
    strategy.status.subscribe((status) => statuses.push(status));
    strategy.on('ready', (role) => ready.push(role));
    strategy.addHandler('a', () => Promise.resolve(), true);
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: string) => nest.log.warn(line));
    jest.spyOn(Logger.prototype, 'log').mockImplementation((line: string) => nest.log.log(line));
    jest.spyOn(Logger.prototype, 'error').mockImplementation((line: string) => nest.log.error(line));
    await promisify(strategy.listen.bind(strategy))();
    nest.closeLater(() => strategy.close());
    expect(ready.sort()).toEqual(['pub', 'sub']);

    await server.kill();
    await until(() => statuses.at(-1) === 'reconnecting');
    const again = await RedisServer.start({ port: server.port });
    nest.closeLater(() => again.stop());
    await until(() => statuses.at(-1) === 'connected');
    await until(() => nest.log.of('warn').some((line) => line.includes('Messages may be missing')));
    await strategy.close();
    expect(statuses).toEqual(['connected', 'reconnecting', 'connected', 'disconnected']);
    expect(ready.sort()).toEqual(['pub', 'pub', 'sub', 'sub']);
    expect(nest.log.of('error').every((line) => line.startsWith('error The client that'))).toBe(true);
    jest.restoreAllMocks();
  });

  it.each([
    ['subscribes', 1],
    ['replies', 0],
  ])('that %s may be killed: the server reconnects, and continues', async (_, index) => {
    const { app, strategy } = await nest.serve(Handlers);
    const statuses: string[] = [];
    strategy.status.subscribe((status) => statuses.push(status));
    const admin = await nest.bare();
    const killed = app.unwrap<{ sendCommand(command: string[]): Promise<number> }[]>()[index]!;
    const id = await killed.sendCommand(['CLIENT', 'ID']);
    await admin.clientKill({ filter: 'ID', id });
    await until(() => statuses.join() === 'connected,reconnecting,connected');

    await expect(ask(await nest.proxy(), 'later', 'x')).resolves.toEqual(['X']);
    Handlers.received = [];
    await admin.publish('orders.1', 'paid');
    await until(() => Handlers.received.length === 1);
    await app.close();
    expect(statuses.at(-1)).toBe('disconnected');
  });

  it('is available by unwrap() while the server listens', async () => {
    const { app, strategy } = await nest.serve(Handlers);
    const [publisher, subscriber, receiver] =
      app.unwrap<[Record<'isOpen', boolean>, Record<'isOpen', boolean>, Receiver]>();
    expect([publisher.isOpen, subscriber.isOpen]).toEqual([true, true]);
    expect(receiver).toBeInstanceOf(Receiver);
    expect([...receiver.patterns.keys()]).toEqual(['orders.*']);
    await app.close();
    expect([publisher.isOpen, subscriber.isOpen]).toEqual([false, false]);
    expect(() => strategy.unwrap()).toThrow('The server does not listen.');
  });

  it('may be borrowed, and stays open', async () => {
    const client = await nest.bare();
    const publisher = await nest.bare();
    const listeners = () =>
      [client, publisher].map((each) => each.eventNames().map((name) => each.listenerCount(name)));
    const before = listeners();
    const { app } = await nest.serve(Handlers, { client, publisher });
    await expect(ask(await nest.proxy(), 'later', 'x')).resolves.toEqual(['X']);
    await app.close();
    expect(listeners()).toEqual(before);
    expect([client.isOpen, publisher.isOpen]).toEqual([true, true]);
    await expect(client.pubSubChannels()).resolves.not.toContain('later');
  });

  it('may be borrowed, and stays open when the other connection fails', async () => {
    const publisher = await nest.bare();
    const names = publisher.eventNames();
    const strategy = new ReceiverStrategy({ redis: nest.redis.url.replace('//', '//nobody:x@'), publisher });
    await expect(promisify(strategy.listen.bind(strategy))()).rejects.toThrow('WRONGPASS');
    expect(publisher.eventNames()).toEqual(names);
  });

  it('needs a publisher besides a client, if there are handlers of requests', async () => {
    await expect(nest.serve(Handlers, { client: await nest.bare() })).rejects.toThrow(
      "Expected the option 'publisher' to be a client, beside 'client', got undefined.",
    );
  });

  it('is abandoned by close() while it is being made', async () => {
    const port = await freePort();
    const strategy = new ReceiverStrategy({ redis: `redis://127.0.0.1:${port}` });
    const errors = new Promise((resolve) => strategy.on('error', (_, error) => resolve(error)));
    const listening = promisify(strategy.listen.bind(strategy))();
    await errors;
    await strategy.close();
    await expect(listening).rejects.toThrow('The server was closed while it was connecting.');
  });

  it('works again after close()', async () => {
    const strategy = new ReceiverStrategy({ redis: nest.redis.url });
    strategy.addHandler('again', (data: string) => Promise.resolve(data + data));
    const listen = promisify(strategy.listen.bind(strategy));
    nest.closeLater(() => strategy.close());
    await listen();
    await expect(listen()).rejects.toThrow('The server listens already. Close it first.');
    await strategy.close();
    await strategy.close();
    await listen();
    await expect(ask(await nest.proxy(), 'again', 'x')).resolves.toEqual(['xx']);
  });
});
