import { Subject } from 'rxjs';
import { hydrate, json } from '../../lib/index.js';
import { toEventStream } from '../../lib/sse/to-event-stream.js';
import { until } from '../support/until.js';
import { GroupScene, numbers } from './group-scene.js';

describe('a group in trouble', () => {
  const scene = new GroupScene();
  const { newReceiver, add, pending, consumers, channelOf, join } = scene;
  let admin: GroupScene['admin'];
  let key: GroupScene['key'];
  let told: GroupScene['told'];

  beforeEach(() => {
    ({ admin, key, told } = scene);
  });

  it.each([
    ['DEL', () => admin.del(key)],
    ['FLUSHALL', () => admin.flushAll()],
    ['DEL, before the consumer notices', () => admin.multi().del(key).xAdd(key, '1-1', { n: '2' }).exec()],
  ])('reads a stream that begins with smaller ids after %s', async (_, destroy) => {
    const { received } = await join(await newReceiver());
    await add(1);
    await until(async () => received.length === 1 && (await pending()) === 0);
    await destroy();
    await admin.xAdd(key, '2-1', { n: '3' });
    await until(() => numbers(received).includes(3));
    expect(told.filter(({ type }) => type === 'group-lost').length).toBe(1);
  });

  it('reads a stream that begins with the id of the last entry', async () => {
    const { received } = await join(await newReceiver());
    await admin.xAdd(key, '5-1', { n: '1' });
    await until(async () => received.length === 1 && (await pending()) === 0);
    await admin.multi().del(key).xAdd(key, '5-1', { n: '2' }).exec();
    await until(() => numbers(received).includes(2));
  });

  it('keeps the consumer of a Channel that is opened again while it closes', async () => {
    const receiver = await newReceiver();
    const stays = receiver.channel('stays').subscribe();
    const acked = new Set<string>();
    // A consumer that is deleted takes with it what it has pending: no second delivery follows the first one.
    const open = () => {
      const channel = channelOf(receiver, { claimAfter: 50 });
      channel.subscribe(({ data, deliveries, nack }) => {
        if (deliveries === 1) nack();
        else acked.add(String(data.n));
      });
      return channel;
    };
    let channel = open();
    await channel.whenSubscribed();
    for (let n = 0; n < 200; n++) {
      await add(n);
      if (n % 10 !== 0) continue;
      void channel.close();
      channel = open();
    }
    await until(() => acked.size === 200, { message: 'the second deliveries' });
    stays.unsubscribe();
  });

  it('leaves no consumer behind whose last entry became a dead letter', async () => {
    const receiver = await newReceiver();
    const { received } = await join(receiver, { ack: 'manual', maxDeliveries: 1, deadLetter: `${key}:dead` });
    await add(1);
    await until(() => received.length === 1);
    received[0]?.nack();
    await receiver.stop();
    await until(async () => (await consumers()) === 0);
    expect(await admin.xLen(`${key}:dead`)).toBe(1);
  });

  it('delivers no more than the prefetch when new entries arrive behind claimed ones', async () => {
    await add(1, 2, 3);
    await admin.xGroupCreate(key, 'workers', '0');
    await admin.xReadGroup('workers', 'dead', { key, id: '>' });
    const { received } = await join(await newReceiver(), { ack: 'manual', claimAfter: 100, prefetch: 3 });
    await until(() => received.length === 3);
    // For the read that waits since there was room.
    await add(4, 5, 6);
    await until(async () => (await pending()) > 3);
    for (let acked = 0; acked < 6; acked++) {
      await until(() => received.length > acked);
      expect(received.length - acked).toBeLessThanOrEqual(3);
      received[acked]?.ack();
    }
    await until(async () => (await pending()) === 0);
    expect(numbers(received)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('counts the deliveries of entries that it claims from among many others', async () => {
    const { received } = await join(await newReceiver(), { ack: 'manual', claimAfter: 500, prefetch: 1_000 });
    await add(...Array(250).keys());
    await until(() => received.length === 250);
    for (const { nack } of received) nack();
    const ids = [received[0]?.id ?? '', received[249]?.id ?? ''];
    const name = (await admin.xInfoConsumers(key, 'workers'))[0]?.name ?? '';
    // The first and the last one are due before the others.
    await admin.xClaimJustId(key, 'workers', name, 0, ids, { IDLE: 1_000, RETRYCOUNT: 7 });
    await until(() => received.length >= 252);
    expect(received.slice(250, 252).map(({ deliveries }) => deliveries)).toEqual([8, 8]);
  });

  it('does not count as delivered what it claims while it leaves', async () => {
    await add(1, 2);
    await admin.xGroupCreate(key, 'workers', '0');
    await admin.xReadGroup('workers', 'dead', { key, id: '>' });
    const { id } = (await admin.xPendingRange(key, 'workers', '-', '+', 1))[0] ?? { id: '' };
    await admin.xClaimJustId(key, 'workers', 'dead', 0, id, { IDLE: 60_000 });
    const { channel, received } = await join(await newReceiver(), { claimAfter: 30_000 });
    // The first claim is on its way.
    await channel.close();
    expect(received).toEqual([]);
    const other = await join(await newReceiver(), { claimAfter: 30_000 });
    await until(() => other.received.length === 1);
    expect(other.received[0]?.deliveries).toBe(2);
  });

  it.each([{}, { consumer: 'me' }])('does not count as delivered what it still has: %p', async (options) => {
    const receiver = await newReceiver();
    const manual = { ack: 'manual', claimAfter: 100, ...options } as const;
    const { received, subscription, channel } = await join(receiver, manual);
    await add(1);
    await until(() => received.length === 1);
    subscription.unsubscribe();
    const states = async () => await admin.xPendingRange(key, 'workers', '-', '+', 9);
    await until(async () => ((await states())[0]?.millisecondsSinceLastDelivery ?? 0) > 100);
    expect((await join(receiver, manual)).channel).toBe(channel);
    await add(2);
    await until(async () => (await states()).length === 2);
    expect(await states()).toMatchObject([{ deliveriesCounter: 1 }, { deliveriesCounter: 1 }]);
  });

  it('waits for the snapshot of hydrate, and is given back if nobody waits any more', async () => {
    const channel = channelOf(await newReceiver());
    const snapshot = new Subject<string>();
    const parts: string[] = [];
    const hydrated = hydrate(channel, () => snapshot).subscribe((part) => parts.push(part.kind));
    await channel.whenSubscribed();
    await add(1);
    await until(async () => (await pending()) === 1);
    snapshot.next('snapshot');
    await until(async () => (await pending()) === 0);
    expect(parts).toEqual(['snapshot', 'message']);
    hydrated.unsubscribe();

    const waiting = hydrate(channel, () => new Subject()).subscribe();
    await channel.whenSubscribed();
    await add(2);
    await until(async () => (await pending()) === 1);
    waiting.unsubscribe();
    const { received } = await join(await newReceiver());
    await until(() => received.length === 1);
    expect(received[0]).toMatchObject({ data: { n: '2' }, deliveries: 1 });
  });

  it('is sent to a browser: an event is handled when the next one is asked for', async () => {
    const channel = channelOf(await newReceiver());
    const reader = toEventStream(channel).getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await next()).toContain('retry');
    const first = next();
    await channel.whenSubscribed();
    await add(1, 2);
    expect(await first).toContain('"n":"1"');
    expect(await pending()).toBeGreaterThan(0);
    expect(await next()).toContain('"n":"2"');
    await until(async () => (await pending()) === 1);
    await reader.cancel();
  });

  it('becomes a dead letter with the bytes that it had', async () => {
    const channel = (await newReceiver()).stream(key, {
      group: 'workers',
      field: 'n',
      codec: json(),
      maxDeliveries: 1,
      deadLetter: `${key}:dead`,
    });
    channel.subscribe({ error: () => undefined });
    await channel.whenSubscribed();
    const n = Buffer.from([0x7b, 0xff, 0xfe]);
    await admin.xAdd(key, '*', { n });
    await until(() => told.some(({ type }) => type === 'dead-letter'));
    const [letter] = (await admin.withTypeMapping({ 36: Buffer }).xRange(`${key}:dead`, '-', '+')) ?? [];
    expect(letter?.message).toMatchObject({ n, 'dead-letter:deliveries': Buffer.from('1') });
    expect(await pending()).toBe(0);
  });

  it('does not count as delivered what could not be added to the dead letters', async () => {
    await admin.set(`${key}:dead`, 'not a stream');
    const { received } = await join(await newReceiver(), {
      ack: 'manual',
      claimAfter: 30,
      maxDeliveries: 1,
      deadLetter: `${key}:dead`,
    });
    await add(1);
    await until(() => received.length === 1);
    received[0]?.nack();
    await until(() => told.filter(({ type }) => type === 'recovery-error').length > 2);
    await admin.del(`${key}:dead`);
    await until(() => told.some(({ type }) => type === 'dead-letter'));
    const [letter] = (await admin.xRange(`${key}:dead`, '-', '+')) ?? [];
    expect(letter?.message['dead-letter:deliveries']).toBe('1');
  });

  it('does not acknowledge an entry for another one that had the same id in a group that is gone', async () => {
    const { received } = await join(await newReceiver(), { ack: 'manual', claimAfter: 60_000 });
    await admin.xAdd(key, '1-1', { n: '1' });
    await until(() => received.length === 1);
    await admin.del(key);
    await until(() => told.some(({ type }) => type === 'group-lost'));
    await admin.xAdd(key, '1-1', { n: '2' });
    await admin.xAdd(key, '1-2', { n: '3' });
    await until(() => received.length === 3);
    received[0]?.ack();
    received[2]?.ack();
    await until(async () => (await pending()) < 2);
    expect(await admin.xPendingRange(key, 'workers', '-', '+', 9)).toMatchObject([{ id: '1-1' }]);
    received[1]?.ack();
    await until(async () => (await pending()) === 0);
  });
});
