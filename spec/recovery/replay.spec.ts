import { createClient } from 'redis';
import { mergeMap, of } from 'rxjs';
import {
  json,
  mergeMapBounded,
  publishTo,
  Receiver,
  recoverable,
  topics,
  type ReceiverEvent,
} from '../../lib/index.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

const NUMBERS = Array.from({ length: 200 }, (_, index) => String(index));

describe("overflow: 'replay'", () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(() => server.stop());

  async function scene(bounds: { capacity?: number; maxBytes?: number } = { capacity: 5 }) {
    const admin = await createClient({ url: server.url }).connect();
    await admin.flushAll();
    const receiver = await Receiver.open(server.url, { ...bounds, overflow: 'replay' });
    const events: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => events.push(event));
    const publisher = recoverable(admin);
    return {
      admin,
      receiver,
      events,
      publishAll: async (name: string) => {
        for (const data of NUMBERS) await publisher.publish(name, data);
      },
      losses: () => events.filter(({ type }) => ['gap', 'overflow'].includes(type)),
      [Symbol.asyncDispose]: async () => {
        await receiver.stop();
        admin.destroy();
      },
    };
  }

  it.each([{ capacity: 5 }, { capacity: 1 }, { maxBytes: 10 }])(
    'loses nothing of a queue with %p',
    async (bounds) => {
      await using s = await scene(bounds);
      s.receiver.channel('news', { recover: {} });
      await s.receiver.connect();
      await s.publishAll('news');
      const received: string[] = [];
      while (received.length < NUMBERS.length) {
        expect(s.receiver.stats.buffered).toBeLessThanOrEqual(bounds.capacity ?? 10);
        expect(s.receiver.stats.bufferedBytes).toBeLessThanOrEqual(bounds.maxBytes ?? Infinity);
        received.push((await s.receiver.get())!.data);
      }
      expect(received).toEqual(NUMBERS);
      expect(s.losses()).toEqual([]);
      expect(s.receiver.stats.dropped).toBe(0);
    },
  );

  it('loses nothing while a loop is slow', async () => {
    await using s = await scene();
    s.receiver.channel('news', { recover: {} });
    await s.receiver.connect();
    const publishing = s.publishAll('news');
    const received: string[] = [];
    for await (const { data } of s.receiver) {
      received.push(data);
      await s.admin.ping();
      if (received.length === NUMBERS.length) break;
    }
    await publishing;
    expect(received).toEqual(NUMBERS);
    expect(s.losses()).toEqual([]);
  });

  it('loses nothing while a loop over the Channel is slow', async () => {
    await using s = await scene();
    const channel = s.receiver.channel('news', { recover: {} });
    const received: string[] = [];
    const loop = (async () => {
      for await (const { data } of channel) {
        received.push(data);
        await s.admin.ping();
        if (received.length === NUMBERS.length) break;
      }
    })();
    await channel.whenSubscribed();
    await s.publishAll('news');
    await loop;
    expect(received).toEqual(NUMBERS);
    expect(s.losses()).toEqual([]);
  });

  it('loses nothing behind an operator that is full, of several Channels', async () => {
    await using s = await scene();
    const received: string[] = [];
    const names = ['a', 'b', 'c'];
    for (const name of names) s.receiver.channel(name, { recover: {} });
    s.receiver
      .pipe(
        mergeMap((message) => of(message)),
        mergeMapBounded(
          async ({ channel, data }) => {
            await s.admin.ping();
            return channel + data;
          },
          { capacity: 3 },
        ),
      )
      .subscribe({
        next: (data) => received.push(data),
        error: (error: Error) => received.push(error.message),
      });
    await Promise.all(names.map((name) => s.receiver.channel(name).whenSubscribed()));
    await Promise.all(names.map((name) => s.publishAll(name)));
    await until(() => received.length >= 3 * NUMBERS.length);
    for (const name of names)
      expect(received.filter((data) => data.startsWith(name))).toEqual(NUMBERS.map((data) => name + data));
    expect(s.losses()).toEqual([]);
  });

  it('holds the queue for an operator that is full', async () => {
    await using s = await scene({ capacity: 50 });
    s.receiver.channel('news', { recover: {} });
    await s.receiver.connect();
    await s.publishAll('news');
    await until(() => s.receiver.stats.buffered === 50);
    const received: string[] = [];
    s.receiver
      .pipe(
        mergeMapBounded(
          async ({ data }) => {
            await s.admin.ping();
            return data;
          },
          { capacity: 3 },
        ),
      )
      .subscribe({
        next: (data) => received.push(data),
        error: (error: Error) => received.push(error.message),
      });
    await until(() => received.length >= NUMBERS.length);
    expect(received).toEqual(NUMBERS);
    expect(s.losses()).toEqual([]);
  });

  it('reports what a drain leaves in the log', async () => {
    await using s = await scene();
    s.receiver.channel('news', { recover: {} });
    await s.receiver.connect();
    await s.publishAll('news');
    await until(() => s.receiver.stats.buffered === 5);
    await s.receiver.drain();
    expect(s.losses()).toMatchObject([{ type: 'gap', gap: { cause: 'log', channels: [{ name: 'news' }] } }]);
  });

  it('delivers all of the log before a drain ends', async () => {
    await using s = await scene();
    const received: string[] = [];
    s.receiver.channel('news', { recover: {} });
    await s.receiver.connect();
    await s.publishAll('news');
    await until(() => s.receiver.stats.buffered === 5);
    s.receiver.subscribe(({ data }) => received.push(data));
    await s.receiver.drain();
    expect(received).toEqual(NUMBERS);
    expect(s.losses()).toEqual([]);
  });

  it('treats messages without a log as the policy error does', async () => {
    await using s = await scene();
    s.receiver.channel('plain');
    await s.receiver.connect();
    for (const data of NUMBERS.slice(0, 6)) await s.admin.publish('plain', data);
    await until(() => s.receiver.stats.dropped === 1);
    for (const data of NUMBERS.slice(0, 5)) expect((await s.receiver.get())?.data).toBe(data);
    await expect(s.receiver.get()).rejects.toMatchObject({ code: 'ERR_BUFFER_OVERFLOW', dropped: 1 });
  });

  it('recovers the channels of topics that declare logs', async () => {
    await using s = await scene();
    const events = topics({
      'order:{id}': { data: json<{ total: number }>(), recover: { keep: 100 } },
      'jobs:{region}': { data: json<number>(), kind: 'shard', recover: {} },
    });
    const publisher = events.publisher(s.admin);
    await publisher.publish('order:{id}', { id: '7' }, { total: 1 });
    await publisher.publish('jobs:{region}', { region: 'eu' }, 2);
    await new Promise<void>((resolve, reject) => {
      of({ total: 3 })
        .pipe(publishTo(s.admin, events.channel('order:{id}', { id: '7' })))
        .subscribe({ complete: resolve, error: reject });
    });
    await using receiver = await Receiver.open(server.url, { topics: events });
    const order = receiver.topic('order:{id}', { id: '7' }, { recover: { from: 'start' } });
    const jobs = receiver.topic('jobs:{region}', { region: 'eu' }, { recover: { from: 'start' } });
    const received: unknown[] = [];
    order.subscribe(({ params, data }) => received.push([params.id, data.total]));
    jobs.subscribe(({ data }) => received.push(data));
    const all: unknown[] = [];
    receiver.topic('order:{id}').subscribe(({ data }) => all.push(data));
    await receiver.topic('order:{id}').whenSubscribed();
    await publisher.publish('order:{id}', { id: '8' }, { total: 4 });
    await until(() => received.length === 3 && all.length === 1);
    expect(received).toContainEqual(['7', 1]);
    expect(received).toContainEqual(['7', 3]);
    expect(received).toContainEqual(2);
    expect(all).toEqual([{ total: 4 }]);
  });
});
