import { createClient } from 'redis';
import { json, mergeMapBounded, Receiver, type ReceiverEvent } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

const clientOf = (url: string) => createClient({ url, socket: { reconnectStrategy: () => 5 } });

describe('a stream on a server', () => {
  let server: RedisServer;
  let client: ReturnType<typeof clientOf>;
  let admin: ReturnType<typeof clientOf>;
  let receiver: Receiver;
  let told: ReceiverEvent[];
  let keys = 0;
  let key: string;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  beforeEach(async () => {
    [client, admin] = [clientOf(server.url), clientOf(server.url)];
    for (const each of [client, admin]) {
      each.on('error', () => undefined);
      await each.connect();
    }
    receiver = new Receiver(client);
    told = [];
    receiver.events.subscribe((event) => told.push(event));
    key = `stream:${keys++}`;
  });
  afterEach(async () => {
    await receiver.stop();
    client.destroy();
    admin.destroy();
  });

  const add = async (...values: (string | number)[]) => {
    for (const value of values) await admin.xAdd(key, '*', { n: String(value) });
  };
  const gaps = () => told.filter((event) => event.type === 'gap').map(({ gap }) => [gap.cause, gap.dropped]);
  const observe = async (from?: string, name = key) => {
    const received: string[] = [];
    const channel = receiver.stream(name, { field: 'n', from });
    channel.subscribe({ next: ({ data }) => received.push(data), error: () => undefined });
    await channel.whenSubscribed();
    return received;
  };

  it('delivers whole entries, or one decoded field', async () => {
    const whole = receiver.stream(key);
    const entries: unknown[] = [];
    whole.subscribe(({ data, channel, fields }) => entries.push([channel, data, fields]));
    await whole.whenSubscribed();
    await add(1);
    await until(() => entries.length === 1);
    expect(entries).toEqual([[key, { n: '1' }, { n: '1' }]]);
    await whole.close();
    const numbers: number[] = [];
    receiver
      .stream(key, { from: 'start', field: 'n', codec: json<number>() })
      .subscribe(({ data }) => numbers.push(data));
    await until(() => numbers.length === 1);
    expect(numbers).toEqual([1]);
  });

  it.each([
    ['start', ['1', '2', '3']],
    ['new', ['3']],
  ])('begins with the entries from %p', async (from, expected) => {
    await add(1, 2);
    const received = await observe(from);
    await add(3);
    await until(() => received.at(-1) === '3');
    expect(received).toEqual(expected);
    expect(gaps()).toEqual([]);
  });

  it('reads a key that joins while a read is blocked', async () => {
    const first = await observe();
    await add('a');
    await until(() => first.length === 1);
    const second = await observe('new', `${key}:b`);
    await admin.xAdd(`${key}:b`, '*', { n: 'b' });
    await until(() => second.length === 1);
    await add('c');
    await until(() => first.length === 2);
  });

  it('resumes by id after its connections were killed', async () => {
    const received = await observe();
    for (let n = 1; n <= 200; n++) {
      await add(n);
      if (n % 40 === 0) await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
    }
    await until(() => received.length >= 200);
    expect(received).toEqual(Array.from({ length: 200 }, (_, index) => String(index + 1)));
    expect(gaps()).toEqual([]);
  });

  it('loses nothing to a slow consumer, whatever the policy', async () => {
    await receiver.stop();
    receiver = new Receiver(client, { capacity: 10, overflow: 'drop-oldest' });
    receiver.stream(key, { field: 'n', from: 'start' });
    await add(...Array.from({ length: 300 }, (_, index) => index));
    const received: string[] = [];
    receiver
      .pipe(
        mergeMapBounded(async ({ data }) => (await Promise.resolve(), data), {
          capacity: 3,
          overflow: 'drop-oldest',
        }),
      )
      .subscribe((data) => received.push(data));
    await until(() => received.length === 300);
    expect(received).toEqual(Array.from({ length: 300 }, (_, index) => String(index)));
    expect(receiver.stats).toMatchObject({ received: 300, dropped: 0 });
  });

  it('announces the number of entries that were trimmed unread', async () => {
    await receiver.stop();
    receiver = new Receiver(client, { capacity: 4 });
    receiver.events.subscribe((event) => told.push(event));
    receiver.stream(key, { field: 'n' });
    await receiver.connect();
    await add(1);
    await until(() => receiver.stats.buffered === 1);
    await add(2, 3, 4, 5, 6, 7, 8, 9);
    await until(() => receiver.stats.buffered === 3);
    await admin.xTrim(key, 'MAXLEN', 2);
    const received: string[] = [];
    receiver.subscribe(({ data }) => received.push(data));
    await until(() => received.at(-1) === '9');
    expect(received).toEqual(['1', '2', '3', '8', '9']);
    expect(gaps()).toEqual([['log', 4]]);
  });

  it('reads a stream that was deleted and created anew with smaller ids, with a gap', async () => {
    await receiver.stop();
    receiver = new Receiver(client, { heartbeat: 50 });
    receiver.events.subscribe((event) => told.push(event));
    const received = await observe();
    await add(1);
    await until(() => received.length === 1);
    await admin.multi().del(key).xAdd(key, '5-1', { n: 'anew' }).exec();
    await until(() => received.length === 2);
    expect(gaps()).toEqual([['log', undefined]]);
  });

  it('refuses a key of another type, and disturbs no other stream', async () => {
    const received = await observe();
    await admin.set(`${key}:text`, 'text');
    await expect(observe('new', `${key}:text`)).rejects.toThrow(/WRONGTYPE.*key of a stream/);
    await add(1);
    await until(() => received.length === 1);
  });

  it('reads 1,000 streams on two connections', async () => {
    const received = new Set<string>();
    for (let n = 0; n < 1000; n++)
      receiver.stream(`${key}:${n}`, { field: 'n' }).subscribe(({ channel }) => received.add(channel));
    await Promise.all([...receiver.streams.values()].map((stream) => stream.whenSubscribed()));
    for (let n = 0; n < 1000; n++) await admin.xAdd(`${key}:${n}`, '*', { n: 'a' });
    await until(() => received.size === 1000, { timeout: 30_000 });
    const list = await admin.sendCommand<string>(['CLIENT', 'LIST', 'TYPE', 'normal']);
    expect(list.trim().split('\n').length).toBeLessThanOrEqual(4);
  }, 60_000);

  it('drains what the stream has', async () => {
    const received = await observe();
    await add(1, 2, 3);
    await receiver.drain();
    expect(received).toEqual(['1', '2', '3']);
  });
});

it('reads the Redis in memory in the same tick', () => {
  const redis = new MemoryPubSub();
  const receiver = new Receiver(redis);
  const received: string[] = [];
  receiver.stream('k', { field: 'n' }).subscribe(({ data }) => received.push(data));
  redis.xAdd('k', '*', { n: '1' });
  redis.xAdd('k', '*', { n: '2' });
  expect(received).toEqual(['1', '2']);
});

it('refuses bad options', () => {
  const receiver = new Receiver(new MemoryPubSub());
  expect(() => receiver.stream('k', { from: 'end' })).toThrow(/'new', 'start' or the id/);
  expect(() => receiver.stream('k', { codec: json() } as never)).toThrow(/'field'/);
  expect(() => receiver.stream('k', { batch: 0 })).toThrow(/1 to 10000/);
  receiver.stream('k', { batch: 5 });
  expect(() => receiver.stream('k', { batch: 6 })).toThrow(/as it was registered/);
});
