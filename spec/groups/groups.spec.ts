import { map, retry, tap } from 'rxjs';
import { bytes, json, mergeMapBounded, retryRecoverable, type GroupMessage } from '../../lib/index.js';
import { until } from '../support/until.js';
import { GroupScene, numbers } from './group-scene.js';

describe('a group on a server', () => {
  const scene = new GroupScene();
  const { newReceiver, add, pending, consumers, join } = scene;
  let admin: GroupScene['admin'];
  let key: GroupScene['key'];
  let told: GroupScene['told'];

  beforeEach(() => {
    ({ admin, key, told } = scene);
  });

  it('begins at the oldest entry, and acknowledges what a plain observer has taken', async () => {
    await add(1, 2);
    const { received } = await join(await newReceiver());
    await add(3);
    await until(async () => received.length === 3 && (await pending()) === 0);
    expect(numbers(received)).toEqual([1, 2, 3]);
    expect(received[0]).toMatchObject({ channel: key, deliveries: 1, fields: { n: '1' }, data: { n: '1' } });
  });

  it('begins a new group where the option says, and leaves an old one where it is', async () => {
    await add(1);
    const first = await join(await newReceiver(), { from: 'new' });
    await add(2);
    await until(async () => first.received.length === 1 && (await pending()) === 0);
    await first.channel.close();
    await add(3);
    const second = await join(await newReceiver(), { from: 'start' });
    await until(() => second.received.length === 1);
    expect([numbers(first.received), numbers(second.received)]).toEqual([[2], [3]]);
  });

  it('shares the work of Receivers, in the merged stream too', async () => {
    const done: number[] = [];
    for (let n = 0; n < 3; n++) {
      const receiver = await newReceiver();
      receiver.stream(key, { group: 'workers', field: 'n', codec: json<number>(), prefetch: 4 });
      receiver
        .pipe(
          mergeMapBounded(async ({ data }) => done.push(data as never, await pending()), { concurrent: 2 }),
        )
        .subscribe();
      await receiver.connect();
    }
    await add(...Array(60).keys());
    await until(async () => done.length === 120 && (await pending()) === 0);
    const jobs = done.filter((_, index) => index % 2 === 0).sort((a, b) => a - b);
    expect(jobs).toEqual([...Array(60).keys()]);
    const shares = (await admin.xInfoConsumers(key, 'workers')).length;
    expect(shares).toBe(3);
  });

  it('receives no more than the prefetch without an acknowledgement', async () => {
    const { received } = await join(await newReceiver(), { ack: 'manual', prefetch: 3 });
    await add(...Array(10).keys());
    await until(() => received.length === 3);
    for (let n = 3; n < 10; n++) {
      expect(await pending()).toBe(3);
      received[n - 3]?.ack();
      await until(() => received.length === n + 1);
    }
  });

  it('acknowledges when mergeMapBounded has handled a message, and delivers a failed one again', async () => {
    const receiver = await newReceiver();
    const handled: [string, number][] = [];
    const job = async ({ data: { n }, deliveries }: GroupMessage) => {
      expect(await pending()).toBeGreaterThan(0);
      if (n === '2' && deliveries < 3) throw new Error('not yet');
      handled.push([String(n), deliveries]);
    };
    const channel = receiver.stream(key, { group: 'workers', claimAfter: 30, maxDeliveries: 3 });
    channel
      .pipe(
        map((message) => message),
        mergeMapBounded(job),
        retry(),
      )
      .subscribe();
    await channel.whenSubscribed();
    await add(1, 2, 3, 4);
    await until(async () => handled.length === 4 && (await pending()) === 0);
    // The messages behind the one that failed were given back, as if they had never been delivered.
    expect(handled.sort()).toEqual([
      ['1', 1],
      ['2', 3],
      ['3', 1],
      ['4', 1],
    ]);
  });

  it('lets nack() fail one message, and the others go on', async () => {
    const receiver = await newReceiver();
    const handled: string[] = [];
    const channel = receiver.stream(key, { group: 'workers', claimAfter: 30, maxDeliveries: 2 });
    const job = async ({ data: { n }, nack }: GroupMessage) => {
      await pending();
      handled.push(String(n));
      if (n === '2') nack();
    };
    channel.pipe(mergeMapBounded(job, { concurrent: 4 })).subscribe();
    await channel.whenSubscribed();
    await add(1, 2, 3);
    await until(() => told.some(({ type }) => type === 'dead-letter'));
    expect([handled.sort(), await pending()]).toEqual([['1', '2', '2', '3'], 0]);
  });

  it('delivers a message again that was given up, until the dead letters have it', async () => {
    const options = { ack: 'manual', claimAfter: 30, maxDeliveries: 3, deadLetter: `${key}:dead` } as const;
    const { channel, received } = await join(await newReceiver(), options);
    channel.subscribe(({ nack }) => nack());
    await add(7);
    await until(() => told.some(({ type }) => type === 'dead-letter'));
    expect(received.map(({ deliveries }) => deliveries)).toEqual([1, 2, 3]);
    const id = received[0]?.id ?? '';
    expect(told.at(-1)).toEqual({
      type: 'dead-letter',
      source: channel,
      group: 'workers',
      id,
      deliveries: 3,
      deadLetter: `${key}:dead`,
    });
    const [letter] = (await admin.xRange(`${key}:dead`, '-', '+')) ?? [];
    expect(letter?.message).toMatchObject({ n: '7', 'dead-letter:id': id, 'dead-letter:deliveries': '3' });
    expect(await pending()).toBe(0);
  });

  it('only reports a dead letter without a stream for them', async () => {
    const options = { ack: 'manual', claimAfter: 30, maxDeliveries: 1 } as const;
    const { received } = await join(await newReceiver(), options);
    await add(7);
    await until(() => received.length === 1);
    received[0]?.nack();
    await until(() => told.some(({ type }) => type === 'dead-letter'));
    expect(told.at(-1)).not.toHaveProperty('deadLetter');
  });

  it('keeps a message that the dead letters do not take', async () => {
    await admin.set(`${key}:dead`, 'no stream');
    const options = { ack: 'manual', claimAfter: 30, maxDeliveries: 1, deadLetter: `${key}:dead` } as const;
    const { received } = await join(await newReceiver(), options);
    await add(7);
    await until(() => received.length === 1);
    received[0]?.nack();
    const failed = () => told.filter((event) => event.type === 'recovery-error');
    await until(() => failed().length > 0);
    expect(failed()[0]?.error.message).toContain('WRONGTYPE');
    expect(await pending()).toBe(1);
    await admin.del(`${key}:dead`);
    await until(() => told.some(({ type }) => type === 'dead-letter'));
    expect(await pending()).toBe(0);
  });

  it('acknowledges what a loop has handled, and delivers again what it has left', async () => {
    const receiver = await newReceiver();
    await add(1, 2, 3);
    const seen: number[] = [];
    for await (const { data } of receiver.stream(key, { group: 'workers', claimAfter: 30 })) {
      seen.push(Number(data.n));
      if (seen.length === 2) break;
    }
    await until(async () => (await pending()) === 2 || (await pending()) === 1);
    const other = await join(await newReceiver(), { claimAfter: 30 });
    await until(async () => other.received.length === 2 && (await pending()) === 0);
    expect([seen, numbers(other.received).sort()]).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });

  it('acknowledges what get() has returned when it is called again', async () => {
    const receiver = await newReceiver();
    receiver.stream(key, { group: 'workers' });
    await receiver.connect();
    await add(1, 2);
    const first = await receiver.get();
    expect(first).toMatchObject({ data: { n: '1' }, deliveries: 1 });
    expect(await pending()).toBe(2);
    await receiver.get();
    await until(async () => (await pending()) === 1);
  });

  it('creates a group that was deleted anew, and reports it', async () => {
    const { channel, received } = await join(await newReceiver());
    await add(1);
    await until(async () => received.length === 1 && (await pending()) === 0);
    await admin.xGroupDestroy(key, 'workers');
    await add(2);
    await until(() => received.length === 2);
    const kinds = told.map((event) => (event.type === 'gap' ? event.gap.cause : event.type));
    expect(kinds).toEqual(['subscribed', 'group-lost', 'log']);
    expect(told[1]).toEqual({ type: 'group-lost', source: channel, group: 'workers' });
  });

  it('lets many Channels create one group at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => newReceiver()));
    const joined = await Promise.all(all.map((receiver) => join(receiver)));
    await add(...Array(40).keys());
    await until(
      async () => joined.flatMap(({ received }) => received).length === 40 && (await pending()) === 0,
    );
    expect(told.filter(({ type }) => type !== 'subscribed')).toEqual([]);
  });

  it('continues after the connections were lost', async () => {
    const { received } = await join(await newReceiver());
    await add(1);
    await until(() => received.length === 1);
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
    await add(2);
    await until(async () => received.length === 2 && (await pending()) === 0);
    expect(told.filter(({ type }) => type === 'gap')).toEqual([]);
  });

  it('drains: it takes nothing new, and waits for the handlers', async () => {
    const receiver = await newReceiver();
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const started: string[] = [];
    const channel = receiver.stream(key, { group: 'workers' });
    channel
      .pipe(
        tap(({ data }) => started.push(String(data.n))),
        mergeMapBounded(() => finished),
      )
      .subscribe();
    await channel.whenSubscribed();
    await add(1);
    await until(() => started.length === 1);
    const drained = receiver.drain();
    await until(async () => (await consumers()) === 1);
    expect(await pending()).toBe(1);
    finish();
    await drained;
    expect([await pending(), await consumers()]).toEqual([0, 0]);
    await add(2);
    expect(started).toEqual(['1']);
  });

  it('acknowledges what was handled when it is stopped, and forgets its consumer', async () => {
    const receiver = await newReceiver();
    const { received } = await join(receiver);
    await add(1, 2, 3);
    await until(() => received.length === 3);
    await receiver.stop();
    expect(await pending()).toBe(0);
    await until(async () => (await consumers()) === 0);
  });

  it('leaves no consumer behind, whatever it has pending', async () => {
    const first = await newReceiver();
    const { received } = await join(first, { ack: 'manual', claimAfter: 60_000 });
    await add(1, 2);
    await until(() => received.length === 2);
    await first.stop();
    received[0]?.nack();
    received[1]?.ack();
    const names = async () => (await admin.xInfoConsumers(key, 'workers')).map(({ name }) => name);
    await until(async () => (await names()).join() === 'rx-redis-receiver:returned');
    expect(await pending()).toBe(1);
  });

  it('stops at once after the start', async () => {
    const receiver = await newReceiver();
    const { channel } = await join(receiver);
    await channel.close();
    await until(async () => (await consumers()) === 0);
  });

  it('delivers Buffers to a binary codec', async () => {
    const receiver = await newReceiver();
    const channel = receiver.stream(key, { group: 'workers', field: 'n', codec: bytes, claimAfter: 30 });
    const received: Buffer[] = [];
    await admin.xAdd(key, '*', { n: Buffer.from([0xff, 0, 0xfe]) });
    await admin.xGroupCreate(key, 'workers', '0');
    await admin.xReadGroup('workers', 'dead', { key, id: '>' });
    await admin.xAdd(key, '*', { n: Buffer.from([0xfd]) });
    channel.subscribe(({ data }) => received.push(data));
    await until(async () => received.length === 2 && (await pending()) === 0);
    expect(received.sort((a, b) => b.length - a.length)).toEqual([
      Buffer.from([0xff, 0, 0xfe]),
      Buffer.from([0xfd]),
    ]);
  });

  it('makes a message that cannot be decoded a dead letter', async () => {
    const receiver = await newReceiver();
    const options = { group: 'workers', field: 'n', codec: json(), claimAfter: 30, maxDeliveries: 2 };
    const channel = receiver.stream(key, options);
    const received: unknown[] = [];
    channel.pipe(retryRecoverable()).subscribe(({ data }) => received.push(data));
    await channel.whenSubscribed();
    await admin.xAdd(key, '*', { n: '{' });
    await add(5);
    await until(async () => told.some(({ type }) => type === 'dead-letter') && (await pending()) === 0);
    expect([received, told.filter(({ type }) => type === 'decode-error').length]).toEqual([[5], 2]);
  });
});
