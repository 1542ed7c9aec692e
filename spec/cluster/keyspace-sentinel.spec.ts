import { keyspace, KeyspaceConfigError, Receiver, type Gap } from '../../lib/index.js';
import { createSentinel, createSentinel5, type Create } from '../support/distributed-clients.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { until } from '../support/until.js';

jest.setTimeout(90_000);

const LONG_WAIT = { timeout: 30_000 };
const SETTING = 'notify-keyspace-events';
const EVENT = '__keyevent@0__:set';

describe('keyspace() on a Sentinel set', () => {
  let set: RedisSentinels;

  beforeAll(async () => {
    set = await RedisSentinels.start([`--${SETTING}`, 'KEA']);
  });

  afterAll(() => set.stop());

  async function fixture(create: Create = createSentinel) {
    const client = create(set.options);
    client.on('error', () => undefined);
    await client.connect();
    const receiver = new Receiver(client, { heartbeat: 1_000 });
    const gaps: Gap[] = [];
    receiver.events.subscribe((event) => event.type === 'gap' && gaps.push(event.gap));
    const seen: string[] = [];
    const errors: unknown[] = [];
    keyspace(receiver, { events: 'set' }).subscribe({
      next: ({ key }) => seen.push(key),
      error: (error) => errors.push(error),
    });
    await until(async () => (await counts()).includes(1), LONG_WAIT);
    const end = async () => {
      await receiver.stop();
      await client.destroy();
    };
    return { gaps, seen, errors, [Symbol.asyncDispose]: end };
  }

  /** Returns the number of subscriptions on each node, that of the master first. */
  async function counts(): Promise<number[]> {
    const nodes = [set.lastMaster, ...set.nodes.filter((node) => node !== set.lastMaster)];
    return Promise.all(nodes.map(async ({ admin }) => (await admin.pubSubNumSub([EVENT]))[EVENT] ?? 0));
  }

  /** Sets a key, and waits until the replicas have it: they send notifications of their own. */
  async function setEverywhere(key: string): Promise<void> {
    await set.lastMaster.admin.set(key, '1');
    await until(
      async () => (await Promise.all(set.nodes.map(({ admin }) => admin.exists(key)))).every(Boolean),
      LONG_WAIT,
    );
  }

  it.each([
    ['node-redis 6', createSentinel],
    ['node-redis 5', createSentinel5],
  ])('hears the master, and after a failover the new one, with one gap, with %s', async (_, create) => {
    await using scene = await fixture(create);
    expect(await counts()).toEqual([1, 0, 0]);
    await setEverywhere('before');
    await until(() => scene.seen.length > 0);
    const since = Date.now();
    await set.failOver();
    await until(() => scene.gaps.length > 0, LONG_WAIT);
    await set.heal();
    await until(async () => (await counts()).join() === '1,0,0', LONG_WAIT);
    await setEverywhere('after');
    await setEverywhere('last');
    await until(() => scene.seen.includes('last'));
    expect(scene.seen).toEqual(['before', 'after', 'last']);
    expect(scene.gaps.map(({ channels }) => channels.map(({ name }) => name))).toEqual([[EVENT]]);
    expect(scene.gaps[0]?.until).toBeGreaterThanOrEqual(since);
    expect(scene.errors).toEqual([]);
  });

  it('fails if the new master does not send the notifications', async () => {
    await using scene = await fixture();
    for (const { admin } of set.nodes)
      if (admin !== set.lastMaster.admin) await admin.configSet(SETTING, 'Kx');
    const { address } = await set.failOver();
    await until(() => scene.errors.length > 0, LONG_WAIT);
    expect(scene.errors).toEqual([expect.any(KeyspaceConfigError)]);
    expect(scene.errors[0]).toMatchObject({ server: address, missing: 'E$' });
  });
});
