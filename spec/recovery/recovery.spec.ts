import { createClient } from 'redis';
import { retry } from 'rxjs';
import { Receiver, recoverable, type ReceiverEvent, type RecoverOptions } from '../../lib/index.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** A Receiver behind a proxy, with a log of its messages and events, and a publisher beside the proxy. */
async function sceneOn(server: RedisServer, proxy: TcpProxy) {
  const admin = await createClient({ url: server.url }).connect();
  await admin.flushAll();
  const publisher = recoverable(admin);
  const receiver = await Receiver.open({
    url: proxy.url,
    socket: { reconnectStrategy: () => 5 },
  });
  const received: string[] = [];
  const ids: (string | undefined)[] = [];
  const events: ReceiverEvent[] = [];
  receiver.events.subscribe((event) => events.push(event));
  receiver.pipe(retry()).subscribe({
    next: ({ data, id }) => {
      received.push(data);
      ids.push(id);
    },
    error: (error: Error) => received.push(error.name),
  });
  return {
    admin,
    publisher,
    receiver,
    received,
    ids,
    events,
    follow: async (name: string, recover: RecoverOptions = {}) => {
      const channel = receiver.channel(name, { recover });
      await channel.whenSubscribed();
      return channel;
    },
    publish: async (name: string, ...list: (string | number)[]) => {
      for (const data of list) await publisher.publish(name, String(data));
    },
    /** Does the work while the Receiver has no connection. */
    outage: async (work: () => Promise<unknown>) => {
      proxy.close();
      proxy.cut();
      await until(() => events.some(({ type }) => type === 'disconnected'));
      await work();
      proxy.reopen();
    },
    gaps: () => events.filter((event) => event.type === 'gap').map(({ gap }) => [gap.cause, gap.dropped]),
    [Symbol.asyncDispose]: async () => {
      await receiver.stop();
      admin.destroy();
    },
  };
}

describe('a recoverable Channel', () => {
  let server: RedisServer;
  let proxy: TcpProxy;

  const scene = () => sceneOn(server, proxy);

  beforeAll(async () => {
    server = await RedisServer.start();
    proxy = await TcpProxy.start(server.port);
  });

  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server.stop();
  });

  it('delivers messages with their ids, in order', async () => {
    await using s = await scene();
    await s.follow('news');
    await s.publish('news', 'a', 'b', 'c');
    await until(() => s.received.length === 3);
    expect(s.received).toEqual(['a', 'b', 'c']);
    expect(s.ids.map((id) => id?.split('-')[1])).toEqual(['1', '2', '3']);
    expect(s.gaps()).toEqual([]);
  });

  it('reads what was published during an outage, and announces no gap', async () => {
    await using s = await scene();
    await s.follow('news');
    await s.publish('news', 'a');
    await until(() => s.received.length === 1);
    await s.outage(() => s.publish('news', ...Array.from({ length: 50 }, (_, index) => index)));
    await until(() => s.received.length === 51);
    await s.publish('news', 'z');
    await until(() => s.received.length === 52);
    expect(s.received).toEqual(['a', ...Array.from({ length: 50 }, (_, index) => String(index)), 'z']);
    expect(s.gaps()).toEqual([]);
    expect(s.receiver.stats.recovered).toBeGreaterThanOrEqual(50);
  });

  it.each([
    ['start', ['a', 'b', 'c', 'd']],
    ['new', ['d']],
  ])('begins with the messages from %p', async (from, expected) => {
    await using s = await scene();
    await s.publish('news', 'a', 'b', 'c');
    await s.follow('news', { from });
    await s.publish('news', 'd');
    await until(() => s.received.at(-1) === 'd');
    expect(s.received).toEqual(expected);
  });

  it('begins behind a message', async () => {
    await using s = await scene();
    await s.publish('news', 'a', 'b', 'c');
    const entries = await s.admin.xRange('log:{news}', '-', '+');
    await s.follow('news', { from: entries![1]!.id });
    await until(() => s.received.length === 1);
    expect(s.received).toEqual(['c']);
  });

  it('announces the number of messages that the log has trimmed', async () => {
    await using s = await scene();
    await s.follow('news');
    await s.publish('news', 'a');
    await until(() => s.received.length === 1);
    await s.outage(async () => {
      await s.publish('news', 'b', 'c', 'd', 'e');
      await s.admin.xTrim('log:{news}', 'MAXLEN', 1);
    });
    await until(() => s.received.length === 2);
    expect(s.received).toEqual(['a', 'e']);
    expect(s.gaps()).toEqual([['log', 3]]);
  });

  it('announces a log that was deleted', async () => {
    await using s = await scene();
    await s.follow('news');
    await s.publish('news', 'a', 'b');
    await until(() => s.received.length === 2);
    await s.outage(async () => {
      await s.admin.del('log:{news}');
      await s.publish('news', 'c');
    });
    await until(() => s.received.length === 3);
    expect(s.received).toEqual(['a', 'b', 'c']);
    expect(s.gaps()).toEqual([['log', undefined]]);
  });

  it('passes a message that was published without the log, and says so', async () => {
    await using s = await scene();
    await s.follow('news');
    await s.admin.publish('news', 'plain');
    await s.admin.publish('news', 'plain');
    await s.publish('news', 'logged');
    await until(() => s.received.length === 3);
    expect(s.received).toEqual(['plain', 'plain', 'logged']);
    expect(s.events.filter(({ type }) => type === 'unrecoverable')).toHaveLength(1);
  });

  it('publishes in the order of the calls, also while the server forgets the script', async () => {
    await using s = await scene();
    await s.follow('news');
    await s.publish('news', 'first');
    const numbers = Array.from({ length: 100 }, (_, index) => String(index));
    const published = numbers.map(async (data, index) => {
      if (index === 30) void s.admin.sendCommand(['SCRIPT', 'FLUSH']);
      const receivers = s.publisher.publish('news', data);
      // More calls follow while the refused ones are sent again.
      if (index === 99) await s.publisher.publish('news', 'last');
      return receivers;
    });
    await Promise.all([...published, s.publisher.publish('news', 'after')]);
    await until(() => s.received.length === 103);
    expect(s.received.slice(0, 101)).toEqual(['first', ...numbers]);
    expect(s.received.slice(101).sort()).toEqual(['after', 'last']);
  });

  it('refuses a second channel with the same log', async () => {
    await using s = await scene();
    const publisher = recoverable(s.admin, { log: () => 'common' });
    await publisher.publish('a', '1');
    expect(() => publisher.publish('b', '2')).toThrow(
      /"b" to be a log of its own, got "common"\. "a" has it/,
    );
  });

  it('refuses a log of another type', async () => {
    await using s = await scene();
    await s.admin.set('log:{news}', 'a string');
    await expect(s.follow('news')).rejects.toThrow(/WRONGTYPE.*recover\.log/);
    await expect(s.publish('news', 'a')).rejects.toThrow(/WRONGTYPE/);
  });

  it("reports what the log has lost before its first message, from '0-0' on", async () => {
    await using s = await scene();
    await s.publish('news', 'a', 'b', 'c', 'd', 'e');
    await s.admin.xTrim('log:{news}', 'MAXLEN', 2);
    await s.follow('news', { from: '0-0' });
    await until(() => s.received.length === 2);
    expect(s.received).toEqual(['d', 'e']);
    expect(s.gaps()).toEqual([['log', 3]]);
  });

  it('refuses the id of another epoch', async () => {
    await using s = await scene();
    await s.publish('news', 'a');
    await expect(s.follow('news', { from: '5-1' })).rejects.toThrow(/does not have the id 5-1/);
    await expect(s.follow('other', { from: '5-1' })).rejects.toThrow(/does not exist/);
  });
});
