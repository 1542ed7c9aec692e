import { createClient } from 'redis';
import { asyncScheduler, firstValueFrom } from 'rxjs';
import { Receiver, recoverable, type ReceiverOptions } from '../../lib/index.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

/** A Receiver on a client of its own, and a publisher. */
async function sceneOn(server: RedisServer, options: ReceiverOptions<string> = {}, socket: object = {}) {
  const admin = await createClient({ url: server.url }).connect();
  await admin.flushAll();
  const client = createClient({ url: server.url, socket: { reconnectStrategy: () => 5, ...socket } });
  client.on('error', () => undefined);
  await client.connect();
  const publisher = recoverable(admin);
  const receiver = new Receiver(client, options);
  return {
    admin,
    client,
    receiver,
    publish: async (name: string, ...list: (string | number)[]) => {
      for (const data of list) await publisher.publish(name, String(data));
    },
    /** The ids of the connections on which logs are read. */
    readers: async () => {
      const list = await admin.sendCommand<string>(['CLIENT', 'LIST']);
      const lines = list.split('\n').filter((line) => /cmd=(xrange|xinfo\|stream)/.test(line));
      return lines.map((line) => /^id=(\d+)/.exec(line)![1]!);
    },
    connections: async () => (await admin.sendCommand<string>(['CLIENT', 'LIST'])).trim().split('\n').length,
    [Symbol.asyncDispose]: async () => {
      await receiver.stop();
      client.destroy();
      admin.destroy();
    },
  };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

describe('a recoverable Channel', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(() => server.stop());

  it('subscribes again while Redis has not yet confirmed that it has left', async () => {
    await using s = await sceneOn(server);
    const channel = s.receiver.channel('news', { recover: {}, keep: true });
    const first = channel.subscribe();
    await channel.whenSubscribed();
    first.unsubscribe();
    // The grace period ends with the turn, on the same scheduler; UNSUBSCRIBE is then on its way.
    await new Promise<void>((resolve) => void asyncScheduler.schedule(() => resolve()));
    const received: string[] = [];
    channel.subscribe(({ data }) => received.push(data));
    await until(async () => (await s.admin.pubSubNumSub(['news'])).news === 1);
    await channel.whenSubscribed();
    await s.publish('news', 'a');
    await until(() => received.length === 1);
  });

  it('leaves no connection when it is drained while it looks for its first position', async () => {
    await using s = await sceneOn(server);
    const before = await s.connections();
    const channel = s.receiver.channel('news', { recover: {} });
    channel.subscribe();
    await s.receiver.stop();
    await until(async () => (await s.connections()) === before);
  });

  it('leaves nothing on the client when a drain ends before the log is read', async () => {
    await using s = await sceneOn(server, { capacity: 5, overflow: 'replay' });
    const listeners = () => s.client.eventNames().map((name) => [name, s.client.listenerCount(name)]);
    const before = listeners();
    s.receiver.channel('news', { recover: {} });
    await s.receiver.connect();
    await s.publish('news', ...numbers(50));
    await until(() => s.receiver.stats.buffered === 5);
    await s.receiver.drain();
    expect(listeners()).toEqual(before);
  });

  it('reads its log again after the connection for logs has ended for good', async () => {
    await using s = await sceneOn(server, { heartbeat: 50 }, { reconnectStrategy: false });
    const received: string[] = [];
    s.receiver.channel('news', { recover: {} }).subscribe(({ data }) => received.push(data));
    await s.receiver.channel('news').whenSubscribed();
    await s.publish('news', 'a');
    await until(() => received.length === 1);
    const [id] = await s.readers();
    await s.admin.sendCommand(['CLIENT', 'KILL', 'ID', id!]);
    // A message that the subscription does not get.
    const [first] = (await s.admin.xRange('log:{news}', '-', '+'))!;
    await s.admin.xAdd('log:{news}', `${first!.id.split('-')[0]!}-*`, { d: 'b', n: 'other.1' });
    await until(() => received.length === 2);
    expect(received).toEqual(['a', 'b']);
  });

  it('continues for its own observers when the consumer of the Receiver, for which it waits, leaves', async () => {
    await using s = await sceneOn(server, { capacity: 2, overflow: 'replay' });
    await s.publish('news', ...numbers(10));
    const received: string[] = [];
    const channel = s.receiver.channel('news', { recover: { from: 'start' } });
    channel.subscribe(({ data }) => received.push(data));
    const iterator = s.receiver[Symbol.asyncIterator]();
    await iterator.next();
    await until(() => s.receiver.stats.buffered === 2);
    await iterator.return?.();
    await until(() => received.length === 10);
    expect(received).toEqual(numbers(10));
  });

  it('loses nothing between two observers with a small buffer', async () => {
    await using s = await sceneOn(server, { capacity: 5, overflow: 'replay' });
    await s.publish('news', ...numbers(200));
    const channel = s.receiver.channel('news', { recover: { from: 'start' }, keep: true });
    const received: string[] = [];
    for (let count = 0; count < 200; count++) received.push((await firstValueFrom(channel)).data);
    expect(received).toEqual(numbers(200));
  });
});
