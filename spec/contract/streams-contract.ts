import { json, Receiver, type ReceiverEvent } from '../../lib/index.js';
import type { LogTestClient } from '../support/log-test-client.js';
import { until } from '../support/until.js';
import type { EnvironmentClient, EnvironmentKind, RedisEnvironment } from './environment.js';

let keys = 0;

/** Tests streams as sources of a Receiver on every kind of client. */
export function streamsContract({ abilities }: EnvironmentKind, environment: () => RedisEnvironment): void {
  let client: EnvironmentClient;
  let writer: LogTestClient;
  let receiver: Receiver;
  let told: ReceiverEvent[];
  let key: string;

  beforeEach(async () => {
    client = await environment().client();
    writer = (await environment().client()).duplicate();
    writer.on('error', () => undefined);
    if (!writer.isOpen) await writer.connect();
    receiver = new Receiver(client, { heartbeat: 100 });
    told = [];
    receiver.events.subscribe((event) => told.push(event));
    key = `streams:${keys++}`;
  });

  afterEach(async () => {
    await receiver.stop();
    writer.destroy();
  });

  const add = async (...values: (string | number)[]) => {
    const ids: string[] = [];
    for (const n of values) ids.push(await writer.xAdd(key, '*', { n: String(n) }));
    return ids;
  };
  const gaps = () => told.filter((event) => event.type === 'gap').map(({ gap }) => [gap.cause, gap.dropped]);
  const observe = async (from?: string, name = key) => {
    const received: string[] = [];
    const channel = receiver.stream(name, { field: 'n', from });
    channel.subscribe({ next: ({ data }) => received.push(data), error: () => undefined });
    await channel.whenSubscribed();
    return received;
  };

  it('delivers whole entries, or one field of them', async () => {
    const entries: unknown[] = [];
    receiver
      .stream(key)
      .subscribe(({ id, channel, data, fields }) => entries.push([id, channel, data, fields]));
    await receiver.streams.get(key)!.whenSubscribed();
    const [id] = await add(1);
    await until(() => entries.length === 1);
    expect(entries).toEqual([[id, key, { n: '1' }, { n: '1' }]]);
    const other = new Receiver(client);
    const numbers: number[] = [];
    other
      .stream(key, { from: 'start', field: 'n', codec: json<number>() })
      .subscribe(({ data }) => numbers.push(data));
    await until(() => numbers.length === 1);
    expect(numbers).toEqual([1]);
    await other.stop();
  });

  it.each([
    ['start', ['a', 'b', 'c']],
    ['new', ['c']],
  ])('begins with the entries from %p', async (from, expected) => {
    await add('a', 'b');
    const received = await observe(from);
    await add('c');
    await until(() => received.at(-1) === 'c');
    expect(received).toEqual(expected);
    expect(gaps()).toEqual([]);
  });

  it('resumes behind an id', async () => {
    const ids = await add('a', 'b', 'c');
    const received = await observe(ids[0]);
    await add('d');
    await until(() => received.length === 3);
    expect(received).toEqual(['b', 'c', 'd']);
    expect(gaps()).toEqual([]);
  });

  it('merges streams with a channel, and keys join and leave', async () => {
    const received: string[] = [];
    receiver.channel('news');
    receiver.stream(key, { field: 'n' });
    receiver.subscribe(({ data }) => received.push(data));
    await receiver.connect();
    await add('a');
    await until(() => received.length === 1);
    await environment().publish('news', 'b');
    await until(() => received.length === 2);
    const joined = receiver.stream(`${key}:joined`, { field: 'n' });
    await joined.whenSubscribed();
    await writer.xAdd(`${key}:joined`, '*', { n: 'c' });
    await until(() => received.length === 3);
    await joined.close();
    await writer.xAdd(`${key}:joined`, '*', { n: 'x' });
    await add('d');
    await until(() => received.length === 4);
    expect(received).toEqual(['a', 'b', 'c', 'd']);
  });

  it('keeps entries in Redis while the queue is full, whatever the policy', async () => {
    const small = new Receiver(client, { capacity: 4, overflow: 'drop-oldest' });
    small.stream(key, { field: 'n', from: 'start' });
    const values = Array.from({ length: 40 }, (_, index) => String(index));
    await add(...values);
    await small.connect();
    await until(() => small.stats.buffered === 3);
    const received: string[] = [];
    while (received.length < 40) received.push((await small.get())!.data);
    expect(received).toEqual(values);
    expect(small.stats).toMatchObject({ received: 40, delivered: 40, dropped: 0 });
    await small.stop();
  });

  it('counts entries that were trimmed or deleted unread', async () => {
    const ids = await add(1, 2, 3, 4, 5, 6, 7, 8);
    await writer.xTrim(key, 'MAXLEN', 5);
    await writer.xDel(key, ids[5]!);
    const received = await observe('0-0');
    await until(() => received.length === 4);
    expect(received).toEqual(['4', '5', '7', '8']);
    expect(gaps()).toEqual([['log', 4]]);
  });

  it('announces that a stream was deleted, and reads the new one', async () => {
    const received = await observe();
    await add(1, 2, 3);
    await until(() => received.length === 3);
    await writer.del(key);
    await add(4);
    await until(() => received.length === 4 && gaps().length > 0);
    await add(5, 6);
    await until(() => received.at(-1) === '6');
    expect(received).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(gaps()).toEqual([['log', undefined]]);
  });

  it('drains what the stream has', async () => {
    const received = await observe();
    await add(1, 2, 3);
    await receiver.drain();
    expect(received).toEqual(['1', '2', '3']);
  });

  it('refuses a key of another type and a key without permission, and disturbs no other stream', async () => {
    const received = await observe();
    await writer.set(`${key}:text`, 'text');
    await expect(observe('new', `${key}:text`)).rejects.toThrow(/WRONGTYPE.*key of a stream/);
    if (abilities.refuse) {
      await environment().refuseKeys([`${key}:secret`], [key]);
      await expect(observe('new', `${key}:secret`)).rejects.toThrow(/NOPERM.*\+xread/);
    }
    await add(1);
    await until(() => received.length === 1);
    expect(() => receiver.stream('other', { from: 'end' })).toThrow(/'new', 'start' or the id/);
  });

  if (abilities.break) {
    it('loses nothing in an outage', async () => {
      const received = await observe();
      await add('a');
      await until(() => received.length === 1);
      await environment().break();
      const outsider = environment().outsider(key);
      for (const n of ['b', 'c']) await outsider.xAdd(key, '*', { n });
      await environment().heal();
      await until(() => received.length === 3);
      await outsider.xAdd(key, '*', { n: 'd' });
      await until(() => received.length === 4);
      expect(received).toEqual(['a', 'b', 'c', 'd']);
      expect(gaps().filter(([cause]) => cause === 'log')).toEqual([]);
    });
  }
}
