import { createClient } from 'redis';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { TestConsumer } from './test-consumer.js';

describe.each([false, true])('a follower of a group (polling: %s)', (isPolling) => {
  let server: RedisServer;
  let admin: ReturnType<typeof createClient>;

  beforeAll(async () => {
    server = await RedisServer.start();
    admin = createClient({ url: server.url });
    await admin.connect();
  });

  beforeEach(() => admin.flushAll());

  afterAll(async () => {
    admin.destroy();
    await server.stop();
  });

  const start = (options: object = {}) => TestConsumer.start({ url: server.url, isPolling, ...options });
  const add = async (...numbers: number[]) => {
    for (const n of numbers) await admin.xAdd('jobs', '*', { n: String(n) });
  };
  const pending = async () => (await admin.xPending('jobs', 'workers')).pending;
  const claims = async () =>
    Number(/cmdstat_xautoclaim:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0);
  const never = () => new Promise<void>(() => undefined);

  it('delivers and acknowledges the entries of a stream', async () => {
    await add(1, 2, 3);
    await using consumer = await start();
    await add(4);
    await until(() => consumer.delivered.length === 4);
    await until(async () => (await pending()) === 0);
    expect(consumer.delivered).toEqual(['1', '2', '3', '4']);
  });

  it('shares the entries with another consumer, each once', async () => {
    await using one = await start({ consumer: 'one' });
    await using other = await start({ consumer: 'other' });
    for (let n = 0; n < 50; n++) await add(n);
    await until(() => one.delivered.length + other.delivered.length === 50);
    await until(async () => (await pending()) === 0);
    const all = [...one.delivered, ...other.delivered].map(Number).sort((a, b) => a - b);
    expect(all).toEqual([...Array(50).keys()]);
  });

  it('reads no more than it has room for', async () => {
    await using consumer = await start({ batch: 3 });
    consumer.isFull = true;
    await add(1, 2, 3, 4, 5, 6, 7, 8);
    const taken = async () => {
      await consumer.drain();
      return consumer.delivered.length;
    };
    consumer.makeRoom();
    await until(() => consumer.delivered.length === 8);
    expect(await taken()).toBe(8);
  });

  it('gives back what it has not begun to handle, but not what another consumer has claimed', async () => {
    await add(1, 2, 3);
    const full: { isFull: boolean }[] = [];
    await using slow = await start({ handle: () => full.forEach((consumer) => (consumer.isFull = true)) });
    full.push(slow);
    await until(() => slow.delivered.length > 0);
    const [, second, third] = (await admin.xRange('jobs', '-', '+')) ?? [];
    await until(async () => (await pending()) >= 2);
    await admin.xClaim('jobs', 'workers', 'claimant', 0, second?.id ?? '');
    await slow.stop();
    const left = await admin.xPendingRange('jobs', 'workers', '-', '+', 9);
    expect(left.map(({ id, consumer }) => [id, consumer])).toEqual([
      [second?.id, 'claimant'],
      [third?.id, 'rx-redis-receiver:returned'],
    ]);
  });

  it('keeps what is being handled, however long that takes', async () => {
    let end!: () => void;
    const handled = new Promise<void>((resolve) => (end = resolve));
    await using slow = await start({ consumer: 'slow', claimAfter: 100, handle: () => handled });
    await add(1);
    await until(() => slow.delivered.length === 1);
    await using other = await start({ consumer: 'other', claimAfter: 100 });
    await add(2, 3);
    const idle = async () => (await admin.xPendingRange('jobs', 'workers', '-', '+', 9))[0];
    const first = (await idle())?.deliveriesCounter;
    // Each consumer claims twice in the limit: so often is several times the limit.
    const before = await claims();
    await until(async () => (await claims()) - before > 20);
    expect([first, (await idle())?.deliveriesCounter, other.delivered.includes('1')]).toEqual([1, 1, false]);
    end();
    await until(async () => (await pending()) === 0);
  });

  it('delivers again what was given back', async () => {
    let attempts = 0;
    const handle = () => (++attempts < 3 ? Promise.reject(new Error('no')) : Promise.resolve());
    await using consumer = await start({ claimAfter: 50, handle });
    await add(1);
    await until(async () => attempts === 3 && (await pending()) === 0);
    expect(consumer.deliveries).toEqual([
      ['1', 1],
      ['1', 2],
      ['1', 3],
    ]);
  });

  it('moves an entry to the dead letters after the last delivery', async () => {
    const options = { claimAfter: 50, maxDeliveries: 2, deadLetter: 'dead' };
    await using consumer = await start({ ...options, handle: () => Promise.reject(new Error('no')) });
    const id = await admin.xAdd('jobs', '*', { n: '1', more: 'x' });
    await until(() => consumer.dead.length === 1);
    const letter = (await admin.xRange('dead', '-', '+'))?.[0];
    expect({ ...letter?.message }).toEqual({
      n: '1',
      more: 'x',
      'dead-letter:key': 'jobs',
      'dead-letter:id': id,
      'dead-letter:group': 'workers',
      'dead-letter:deliveries': '2',
    });
    expect([await pending(), consumer.delivered]).toEqual([0, ['1', '1']]);
  });

  it('moves what has killed its consumers to the dead letters', async () => {
    await add(1);
    await admin.xGroupCreate('jobs', 'workers', '0');
    await admin.xReadGroup('workers', 'dead', { key: 'jobs', id: '>' });
    await using consumer = await start({ claimAfter: 50, maxDeliveries: 1, deadLetter: 'dead' });
    await until(() => consumer.dead.length === 1);
    expect([consumer.delivered, consumer.dead[0]?.deliveries, await pending()]).toEqual([[], 1, 0]);
  });

  it('claims what a dead consumer had, and counts what was deleted', async () => {
    await add(1, 2, 3);
    await admin.xGroupCreate('jobs', 'workers', '0');
    const reply = await admin.xReadGroup('workers', 'dead', { key: 'jobs', id: '>' });
    const entries = (reply as unknown as { messages: { id: string }[] }[])[0]?.messages ?? [];
    await admin.xDel('jobs', String(entries[1]?.id));
    await using consumer = await start({ claimAfter: 50 });
    await until(() => consumer.delivered.length === 2 && consumer.missed.length === 1);
    await until(async () => (await pending()) === 0);
    expect([consumer.deliveries, consumer.missed]).toEqual([
      [
        ['1', 2],
        ['3', 2],
      ],
      [1],
    ]);
  });

  it('begins with what it had before, if it has a name of its own', async () => {
    await add(1, 2, 3);
    await admin.xGroupCreate('jobs', 'workers', '0');
    await admin.xReadGroup('workers', 'named', { key: 'jobs', id: '>' }, { COUNT: 2 });
    await using consumer = await start({ consumer: 'named', isOwnName: false });
    await until(async () => consumer.delivered.length === 3 && (await pending()) === 0);
    expect(consumer.deliveries).toEqual([
      ['1', 2],
      ['2', 2],
      ['3', 1],
    ]);
  });

  it.each([
    ['XGROUP DESTROY', () => admin.xGroupDestroy('jobs', 'workers')],
    ['DEL', () => admin.del('jobs')],
    ['FLUSHALL', () => admin.flushAll()],
  ])('creates the group anew after %s', async (_, destroy) => {
    await using consumer = await start();
    await add(1);
    await until(async () => consumer.delivered.length === 1 && (await pending()) === 0);
    await destroy();
    await add(2);
    await until(() => consumer.delivered.length === 2);
    expect([consumer.delivered, consumer.lost, consumer.missed]).toEqual([['1', '2'], 1, [undefined]]);
  });

  it('acknowledges by hand only', async () => {
    const acks: (() => void)[] = [];
    const handle = (_: unknown, { ack }: { ack: () => void }) => void acks.push(ack);
    await using consumer = await start({ ack: 'manual', handle });
    await add(1, 2);
    await until(() => consumer.delivered.length === 2);
    expect(await pending()).toBe(2);
    acks[0]?.();
    await until(async () => (await pending()) === 1);
    await consumer.stop();
    acks[1]?.();
    await until(async () => (await pending()) === 0);
    await until(async () => (await admin.xInfoConsumers('jobs', 'workers')).length === 0);
  });

  it('acknowledges what was handled before the end, and deletes a consumer that has nothing left', async () => {
    const consumer = await start();
    await add(1, 2, 3);
    await until(() => consumer.delivered.length === 3);
    await consumer.stop();
    expect(await pending()).toBe(0);
    await until(async () => (await admin.xInfoConsumers('jobs', 'workers')).length === 0);
    await consumer[Symbol.asyncDispose]();
  });

  it('keeps a consumer with something pending, and gives back what nobody has received', async () => {
    const consumer = await start({ claimAfter: 60_000, handle: never });
    await add(1);
    await until(() => consumer.delivered.length === 1);
    consumer.isFull = true;
    await add(2);
    await consumer.stop();
    await using other = await start({ consumer: 'other', claimAfter: 60_000 });
    await until(() => other.delivered.length === 1);
    const names = (await admin.xInfoConsumers('jobs', 'workers')).map(({ name }) => name);
    expect(other.deliveries).toEqual([['2', 1]]);
    expect(names).toContain('one');
    await consumer[Symbol.asyncDispose]();
  });

  it('reads on after it was started again', async () => {
    await using consumer = await start();
    const stopped = consumer.stop();
    await consumer.begin();
    await stopped;
    await add(1);
    await until(() => consumer.delivered.length === 1);
  });

  it('waits for the end of the handling when it is drained', async () => {
    let end!: () => void;
    const handled = new Promise<void>((resolve) => (end = resolve));
    await using consumer = await start({ handle: () => handled });
    await add(1);
    await until(() => consumer.delivered.length === 1);
    let isDrained = false;
    const drained = consumer.drain().then(() => (isDrained = true));
    await admin.ping();
    expect(isDrained).toBe(false);
    end();
    await drained;
    expect(await pending()).toBe(0);
  });

  it('refuses a key of another type', async () => {
    await admin.set('jobs', 'x');
    await expect(start()).rejects.toThrow('WRONGTYPE');
  });
});
