import {
  bytes,
  json,
  mergeMapBounded,
  Receiver,
  type GroupMessage,
  type ReceiverEvent,
} from '../../lib/index.js';
import type { LogTestClient } from '../support/log-test-client.js';
import { until } from '../support/until.js';
import type { EnvironmentClient, EnvironmentKind, RedisEnvironment } from './environment.js';

let keys = 0;

/** Tests consumer groups on every kind of client. */
export function groupsContract({ abilities }: EnvironmentKind, environment: () => RedisEnvironment): void {
  let client: EnvironmentClient;
  let writer: LogTestClient;
  let receivers: Receiver[];
  let told: ReceiverEvent[];
  let key: string;

  beforeEach(async () => {
    client = await environment().client();
    writer = (await environment().client()).duplicate();
    writer.on('error', () => undefined);
    if (!writer.isOpen) await writer.connect();
    [receivers, told] = [[], []];
    key = `groups:${keys++}`;
  });

  afterEach(async () => {
    await Promise.all(receivers.map((receiver) => receiver.stop()));
    writer.destroy();
  });

  const add = async (...values: (string | number)[]) => {
    for (const n of values) await writer.xAdd(key, '*', { n: String(n) });
  };
  const newReceiver = () => {
    const receiver = new Receiver(client);
    receivers.push(receiver);
    receiver.events.subscribe((event) => told.push(event));
    return receiver;
  };
  const events = () => told.map(({ type }) => type).filter((type) => type !== 'subscribed');
  const join = async (options: object = {}, receiver = newReceiver()) => {
    const channel = receiver.stream(key, { group: 'workers', field: 'n', claimAfter: 200, ...options });
    const received: GroupMessage<string>[] = [];
    channel.subscribe({ next: (message) => received.push(message), error: () => undefined });
    await channel.whenSubscribed();
    return { receiver, channel, received };
  };
  const values = (messages: readonly GroupMessage<string>[]) => messages.map(({ data }) => data);

  it('begins at the oldest entry, and continues where the group was', async () => {
    await add(1, 2);
    const first = await join();
    await until(() => first.received.length === 2);
    await first.receiver.stop();
    await add(3);
    const second = await join();
    await until(() => second.received.length === 1);
    expect([values(first.received), values(second.received)]).toEqual([['1', '2'], ['3']]);
    expect(second.received[0]).toMatchObject({ channel: key, deliveries: 1, fields: { n: '3' } });
  });

  it('shares the entries of several streams among Receivers, each once', async () => {
    const done: string[] = [];
    for (let n = 0; n < 3; n++) {
      const receiver = newReceiver();
      for (const name of [key, `${key}:more`])
        receiver.stream(name, { group: 'workers', field: 'n', prefetch: 5 });
      const handle = async ({ data }: { data: string }) => {
        await writer.xRange(key, '-', '+', { COUNT: 1 });
        done.push(data);
      };
      receiver.pipe(mergeMapBounded(handle, { concurrent: 2 })).subscribe();
      await receiver.connect();
    }
    for (let n = 0; n < 20; n++) {
      await add(n);
      await writer.xAdd(`${key}:more`, '*', { n: String(n + 20) });
    }
    await until(() => done.length >= 40);
    expect(done.map(Number).sort((a, b) => a - b)).toEqual([...Array(40).keys()]);
  });

  it('delivers again what a consumer has left without an acknowledgement', async () => {
    const first = await join({ ack: 'manual' });
    await add(1, 2, 3);
    await until(() => first.received.length === 3);
    first.received[1]?.ack();
    await first.receiver.stop();
    const second = await join();
    await until(() => second.received.length === 2);
    expect(second.received.map(({ data, deliveries }) => [data, deliveries])).toEqual([
      ['1', 2],
      ['3', 2],
    ]);
  });

  it('begins with what a consumer with a name had', async () => {
    const options = { consumer: 'one', claimAfter: 60_000 };
    const first = await join({ ...options, ack: 'manual' });
    await add(1);
    await until(() => first.received.length === 1);
    await first.receiver.stop();
    await add(2);
    const second = await join(options);
    await until(() => second.received.length === 2);
    expect(second.received.map(({ data, deliveries }) => [data, deliveries])).toEqual([
      ['1', 2],
      ['2', 1],
    ]);
  });

  it('moves an entry to the dead letters after the last delivery', async () => {
    const options = { ack: 'manual', claimAfter: 20, maxDeliveries: 3, deadLetter: `${key}:dead` };
    const { channel, receiver, received } = await join(options);
    channel.subscribe(({ nack }) => nack());
    await add('poison');
    const letters: Record<string, string>[] = [];
    receiver.stream(`${key}:dead`, { from: 'start' }).subscribe(({ data }) => letters.push(data));
    await until(() => letters.length === 1);
    const [first] = received;
    expect(received.map(({ deliveries }) => deliveries)).toEqual([1, 2, 3]);
    expect(letters[0]).toEqual({
      n: 'poison',
      'dead-letter:key': key,
      'dead-letter:id': first?.id,
      'dead-letter:group': 'workers',
      'dead-letter:deliveries': '3',
    });
    await until(() => events().includes('dead-letter'));
  });

  it('creates a group that was deleted with its stream anew, and reports it', async () => {
    const { received } = await join();
    await add(1);
    await until(() => received.length === 1);
    await writer.del(key);
    await add(2);
    await until(() => received.length === 2);
    expect(events()).toEqual(['group-lost', 'gap']);
  });

  it('tells once what the stream has lost before any consumer received it', async () => {
    await add(1, 2);
    await writer.xTrim(key, 'MAXLEN', 1);
    const consumers = [
      await join({ ack: 'manual', prefetch: 1 }),
      await join({ ack: 'manual', prefetch: 1 }),
    ];
    const all = () => consumers.flatMap(({ received }) => received);
    const taken = async (count: number) => {
      await until(() => all().length === count);
      for (const { ack } of all()) ack();
    };
    await add(3);
    await until(() => all().length === 2);
    await add(4, 5, 6, 7, 8);
    await writer.xTrim(key, 'MAXLEN', 2);
    await taken(2);
    await taken(4);
    await add(9);
    await taken(5);
    const lost = told.map((event) =>
      event.type === 'gap' ? [event.gap.cause, event.gap.dropped] : undefined,
    );
    expect(lost.filter((gap) => gap)).toEqual([['log', 3]]);
    expect(values(all()).sort()).toEqual(['2', '3', '7', '8', '9']);
  });

  it('decodes by codecs of strings and of Buffers', async () => {
    const numbers: unknown[] = [];
    const receiver = newReceiver();
    receiver
      .stream(key, { group: 'a', field: 'n', codec: json<number>() })
      .subscribe(({ data }) => numbers.push(data));
    const other = newReceiver();
    other.stream(key, { group: 'b', field: 'n', codec: bytes }).subscribe(({ data }) => numbers.push(data));
    await add(7);
    await until(() => numbers.length === 2);
    expect(numbers).toContainEqual(7);
    expect(numbers).toContainEqual(Buffer.from('7'));
  });

  it('receives no more than the prefetch, and drains what it has', async () => {
    const { receiver, received } = await join({ ack: 'manual', prefetch: 2 });
    await add(1, 2, 3, 4);
    await until(() => received.length === 2);
    for (const { ack } of received) ack();
    await until(() => received.length === 4);
    const drained = receiver.drain();
    for (const { ack } of received) ack();
    await drained;
    expect(values(received)).toEqual(['1', '2', '3', '4']);
  });

  it('refuses a key of another type and a key without permission', async () => {
    await writer.set(`${key}:text`, 'text');
    const refused = (name: string) => {
      const channel = newReceiver().stream(name, { group: 'workers' });
      channel.subscribe({ error: () => undefined });
      return channel.whenSubscribed();
    };
    await expect(refused(`${key}:text`)).rejects.toThrow(/WRONGTYPE.*key of a stream/);
    if (!abilities.refuse) return;
    await environment().refuseKeys([`${key}:secret`], [key]);
    await expect(refused(`${key}:secret`)).rejects.toThrow(/NOPERM.*\+xreadgroup/);
  });

  if (abilities.break) {
    it('loses nothing in an outage', async () => {
      const { received } = await join();
      await add('a');
      await until(() => received.length === 1);
      await environment().break();
      const outsider = environment().outsider(key);
      for (const n of ['b', 'c']) await outsider.xAdd(key, '*', { n });
      await environment().heal();
      await until(() => new Set(values(received)).size === 3);
      expect(events()).not.toContain('group-lost');
    });
  }
}
