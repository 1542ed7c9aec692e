import { config } from 'rxjs';
import {
  keyspace,
  KeyspaceConfigError,
  Receiver,
  type KeyNotification,
  type Message,
  type ReceiverEvent,
} from '../../lib/index.js';
import { keySlot } from '../../lib/hub/key-slot.js';
import { createCluster, createCluster5, listenersOf, type Create } from '../support/distributed-clients.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisNode } from '../support/redis-node.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

const HEARTBEAT = 1_000;
const LONG_WAIT = { timeout: 30_000 };
const SETTING = 'notify-keyspace-events';
/** Keys on each of the three masters. */
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

describe('keyspace() on a cluster', () => {
  let cluster: RedisCluster;
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown) => unhandled.push(error);

  beforeAll(async () => {
    cluster = await RedisCluster.start({ nodeTimeout: 3_000, args: [`--${SETTING}`, 'KEA'] });
    process.on('unhandledRejection', onUnhandled);
    config.onUnhandledError = onUnhandled;
  });

  afterEach(() => expect(unhandled.splice(0)).toEqual([]));

  afterAll(async () => {
    process.off('unhandledRejection', onUnhandled);
    config.onUnhandledError = null;
    await cluster.stop();
  });

  async function fixture(create: Create = createCluster, options: object = {}) {
    const client = create({ rootNodes: cluster.rootNodes, ...options });
    client.on('error', () => undefined);
    await client.connect();
    const listeners = listenersOf(client);
    const receiver = new Receiver(client, { heartbeat: HEARTBEAT });
    const events: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => events.push(event));
    const end = async () => {
      await receiver.stop();
      expect(listenersOf(client)).toBe(listeners);
      client.destroy();
    };
    return {
      client,
      receiver,
      events,
      gaps: () => events.flatMap((event) => (event.type === 'gap' ? [event.gap] : [])),
      subscribed: () => until(() => events.some(({ type }) => type === 'subscribed'), LONG_WAIT),
      [Symbol.asyncDispose]: end,
    };
  }

  /** Sets a key on its master; tries again while the cluster changes. */
  async function set(key: string, master?: RedisNode): Promise<void> {
    await until(async () => {
      const owner = master ?? (await cluster.ownerOf(key));
      return owner.admin.set(key, '1').catch(() => undefined);
    }, LONG_WAIT);
  }

  const mastersOf = async () => new Set(await Promise.all(KEYS.map((key) => cluster.ownerOf(key))));

  /** Returns the number of subscriptions of the name on each node. */
  const counts = (name: string) =>
    Promise.all(
      cluster.nodes
        .filter(({ server }) => server.isRunning)
        .map(async (node) => Number((await node.admin.pubSubNumSub([name]))[name])),
    );

  const ways: readonly [string, Create, object][] = [
    ['node-redis 6, RESP3', createCluster, {}],
    ['node-redis 6, RESP2', createCluster, { RESP: 2 }],
    ['node-redis 6, connecting late', createCluster, { minimizeConnections: true }],
    ['node-redis 5, RESP2', createCluster5, {}],
  ];

  it.each(ways)('hears every master once, and no replica, with %s', async (_name, create, options) => {
    await using scene = await fixture(create, options);
    const seen: KeyNotification[] = [];
    const notifications = keyspace(scene.receiver, { events: ['set', 'del'] });
    const subscription = notifications.subscribe((one) => seen.push(one));
    await until(() => scene.events.filter(({ type }) => type === 'subscribed').length === 2, LONG_WAIT);
    expect((await mastersOf()).size).toBe(3);
    expect((await counts('__keyevent@0__:set')).sort()).toEqual([0, 0, 0, 1, 1, 1]);
    for (const key of KEYS) await set(key);
    for (const key of KEYS) await (await cluster.ownerOf(key)).admin.del(key);
    await until(() => seen.length >= 2 * KEYS.length);
    expect(
      seen
        .filter(({ event }) => event === 'set')
        .map(({ key }) => key)
        .sort(),
    ).toEqual(KEYS);
    expect(
      seen
        .filter(({ event }) => event === 'del')
        .map(({ key }) => key)
        .sort(),
    ).toEqual(KEYS);
    expect(scene.gaps()).toEqual([]);
    subscription.unsubscribe();
    await until(async () => (await counts('__keyevent@0__:set')).every((count) => count === 0));
  });

  it('serves a pattern of the Receiver in the same way', async () => {
    await using scene = await fixture();
    const seen: Message[] = [];
    scene.receiver.pattern('__keyevent@*__:set');
    scene.receiver.channel('news');
    scene.receiver.subscribe((message) => seen.push(message));
    await scene.receiver.connect();
    for (const key of KEYS) await set(key);
    await cluster.publish('channel', 'news', 'one');
    await until(() => seen.length > KEYS.length);
    const keys = seen.filter(({ pattern }) => pattern !== undefined).map(({ data }) => data);
    expect(keys.sort()).toEqual(KEYS);
    expect(seen.filter(({ channel }) => channel === 'news')).toHaveLength(1);
    await scene.receiver.stop();
    await until(async () => (await cluster.numPat()) === 0);
  });

  it('survives leaving and coming back, beside another Receiver on the client', async () => {
    await using scene = await fixture();
    const other = new Receiver(scene.client, { heartbeat: HEARTBEAT });
    const seen: string[] = [];
    const others: string[] = [];
    const observe = () => keyspace(scene.receiver, { events: 'set' }).subscribe(({ key }) => seen.push(key));
    let subscription = observe();
    await scene.subscribed();
    for (let round = 0; round < 5; round++) {
      subscription.unsubscribe();
      await new Promise(setImmediate);
      subscription = observe();
      if (round % 2 === 0) await new Promise(setImmediate);
    }
    const second = keyspace(other, { events: 'set' }).subscribe(({ key }) => others.push(key));
    const pattern = other.channel('__keyevent@0__:set');
    const texts: string[] = [];
    pattern.subscribe(({ data }) => texts.push(data));
    await pattern.whenSubscribed();
    await until(async () => (await counts('__keyevent@0__:set')).filter((count) => count === 1).length === 3);
    await scene.receiver.connect();
    for (const key of KEYS) await set(key);
    await until(() => [seen, others, texts].every((list) => list.length >= KEYS.length));
    for (const list of [seen, others, texts]) expect(list.sort()).toEqual(KEYS);
    second.unsubscribe();
    await other.stop();
    seen.length = 0;
    for (const key of KEYS) await set(key);
    await until(() => seen.length >= KEYS.length);
    expect(seen.sort()).toEqual(KEYS);
    expect(scene.gaps()).toEqual([]);
  });

  it('names the master whose setting lacks a flag', async () => {
    const [wrong] = await mastersOf();
    await wrong!.admin.configSet(SETTING, 'Kx');
    await using scene = await fixture();
    const errors: unknown[] = [];
    keyspace(scene.receiver, { events: 'set' }).subscribe({ error: (error) => errors.push(error) });
    await until(() => errors.length === 1);
    expect(errors[0]).toBeInstanceOf(KeyspaceConfigError);
    expect(errors[0]).toMatchObject({
      server: wrong!.address,
      configured: 'xK',
      missing: 'E$',
      needed: 'KEx$',
    });
    await wrong!.admin.configSet(SETTING, 'KEA');
  });

  it('reports a channel that one master refuses', async () => {
    const masters = [...(await mastersOf())];
    for (const { admin } of cluster.nodes)
      await admin.aclSetUser('limited', ['on', '>secret', '+@all', '~*', '&*']);
    await masters[1]!.admin.aclSetUser('limited', ['resetchannels']);
    await using scene = await fixture(createCluster, {
      defaults: { username: 'limited', password: 'secret' },
    });
    const errors: unknown[] = [];
    keyspace(scene.receiver, { events: 'set' }).subscribe({ error: (error) => errors.push(error) });
    await until(() => errors.length === 1);
    expect(errors).toMatchObject([{ code: 'ERR_SUBSCRIBE', channel: '__keyevent@0__:set' }]);
    await until(async () => (await counts('__keyevent@0__:set')).every((count) => count === 0));
  });

  it('hears a master that joins, until it leaves', async () => {
    const joining = await RedisNode.start([
      '--cluster-enabled',
      'yes',
      '--cluster-allow-replica-migration',
      'no',
      `--${SETTING}`,
      'KEA',
    ]);
    for (const node of cluster.nodes) await node.ask('CLUSTER', 'MEET', '127.0.0.1', String(joining.port));
    const knows = async (node: RedisNode) =>
      (await node.field('cluster_known_nodes', 'CLUSTER', 'INFO')) === '7' &&
      !(await node.ask('CLUSTER', 'NODES')).includes('handshake');
    await until(
      async () => (await Promise.all([...cluster.nodes, joining].map(knows))).every(Boolean),
      LONG_WAIT,
    );
    // The claim of a slot counts only with an epoch that is greater than the owner's.
    const epochs = () =>
      Promise.all(
        [...cluster.nodes, joining].map((node) => node.field('cluster_current_epoch', 'CLUSTER', 'INFO')),
      );
    await until(async () => new Set(await epochs()).size === 1, LONG_WAIT);
    await using scene = await fixture();
    const seen: string[] = [];
    keyspace(scene.receiver, { events: 'set' }).subscribe(({ key }) => seen.push(key));
    await scene.subscribed();
    const slot = keySlot('moving');
    const old = await cluster.ownerOf('moving');
    const count = async () =>
      (await joining.admin.pubSubNumSub(['__keyevent@0__:set']))['__keyevent@0__:set'];
    await expect(count()).resolves.toBe(0);
    await cluster.migrate(slot, old, joining);
    await until(async () => (await count()) === 1, LONG_WAIT);
    await until(() => scene.gaps().length === 1, LONG_WAIT);
    await set('moving', joining);
    await until(() => seen.includes('moving'));
    await joining.admin.del('moving');
    await cluster.migrate(slot, joining, old);
    await until(async () => (await count()) === 0, LONG_WAIT);
    await until(() => scene.gaps().length === 2, LONG_WAIT);
    seen.length = 0;
    await set('moving', old);
    for (const key of KEYS) await set(key);
    await until(() => seen.length > KEYS.length);
    expect(seen.sort()).toEqual([...KEYS, 'moving']);
    for (const node of cluster.nodes)
      await node.ask('CLUSTER', 'FORGET', await joining.ask('CLUSTER', 'MYID'));
    await joining.stop();
  });

  it.each(['a failover by hand', 'the death of a master'])('follows %s, with a gap', async (kind) => {
    await using scene = await fixture();
    const seen: string[] = [];
    keyspace(scene.receiver, { events: 'set' }).subscribe(({ key }) => seen.push(key));
    await scene.subscribed();
    const old = await cluster.ownerOf('a');
    await set('a');
    await until(() => seen.includes('a'));
    const before = Date.now();
    if (kind === 'the death of a master') await old.server.kill();
    else await cluster.failOver(old);
    await until(() => scene.gaps().length > 0, LONG_WAIT);
    const [gap] = scene.gaps();
    expect(gap).toMatchObject({ cause: 'reconnect', channels: [{ name: '__keyevent@0__:set' }] });
    expect(gap!.since).toBeLessThanOrEqual(before);
    await until(() => cluster.ownerOf('a').then((owner) => owner !== old), LONG_WAIT);
    await until(async () => {
      seen.length = 0;
      for (const key of KEYS) await set(key);
      await until(() => seen.length >= KEYS.length, { timeout: 500 }).catch(() => undefined);
      return KEYS.every((key) => seen.includes(key));
    }, LONG_WAIT);
    expect(seen.sort()).toEqual(KEYS);
    await cluster.heal();
  });
});
