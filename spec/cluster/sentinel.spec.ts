import { config } from 'rxjs';
import { Receiver, type ReceiverEvent } from '../../lib/index.js';
import { createSentinel, createSentinel5, listenersOf, type Create } from '../support/distributed-clients.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { Traffic, type Line } from '../support/traffic.js';
import { until } from '../support/until.js';

jest.setTimeout(90_000);

/**
 * Milliseconds in which a server replies even on a busy machine: after that, its connection is replaced, with a gap.
 */
const HEARTBEAT = 1_000;
const LINES: readonly Line[] = [
  { kind: 'channel', name: 'news', target: 'news' },
  { kind: 'pattern', name: 'order:*', target: 'order:1' },
  { kind: 'shard', name: 'north', target: 'north' },
];
const ALL = LINES.map(({ name }) => name);

describe('on a Sentinel set', () => {
  let set: RedisSentinels;
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown) => unhandled.push(error);

  beforeAll(async () => {
    set = await RedisSentinels.start();
    process.on('unhandledRejection', onUnhandled);
    config.onUnhandledError = onUnhandled;
  });

  afterEach(() => expect(unhandled.splice(0)).toEqual([]));

  afterAll(async () => {
    process.off('unhandledRejection', onUnhandled);
    config.onUnhandledError = null;
    await set.stop();
  });

  async function fixture(options: object = {}) {
    const client = createSentinel({ ...set.options, ...options });
    client.on('error', () => undefined);
    await client.connect();
    const receiver = new Receiver(client, { heartbeat: HEARTBEAT });
    const events: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => events.push(event));
    const traffic = new Traffic(receiver, set.publish, LINES);
    await receiver.connect();
    const end = async () => {
      await receiver.stop();
      await client.destroy();
    };
    return { client, receiver, events, traffic, [Symbol.asyncDispose]: end };
  }

  const listening = async () => {
    const master = await set.master();
    const counts = await Promise.all([
      master.ask('PUBSUB', 'NUMSUB', 'news'),
      master.ask('PUBSUB', 'NUMPAT'),
      master.ask('PUBSUB', 'SHARDNUMSUB', 'north'),
    ]);
    return counts.join();
  };

  const firstSentinel = () => TcpProxy.start(set.options.sentinelRootNodes[0]!.port);
  const through = ({ port }: TcpProxy) => ({
    sentinelRootNodes: [{ host: '127.0.0.1', port }, ...set.options.sentinelRootNodes.slice(1)],
  });
  /** Drops all messages of a connection without notice. */
  const disappear = (proxy: TcpProxy) => {
    proxy.swallow('to-client');
    proxy.close();
  };

  const ways: readonly [string, Create, object][] = [
    ['node-redis 6, RESP3', createSentinel, {}],
    ['node-redis 6, RESP2', createSentinel, { RESP: 2 }],
    ['node-redis 5', createSentinel5, {}],
  ];

  it.each(ways)('merges all kinds, and leaves nothing behind, with %s', async (_, create, options) => {
    const client = create({ ...set.options, ...options });
    client.on('error', () => undefined);
    await client.connect();
    const listeners = listenersOf(client);
    const receiver = new Receiver(client, { heartbeat: HEARTBEAT });
    const traffic = new Traffic(receiver, set.publish, LINES);
    await receiver.connect();
    expect(await listening()).toBe('news,1,1,north,1');
    await traffic.during(() => Promise.resolve());
    expect(traffic.check()).toEqual({ faults: [], missing: 0 });
    expect(traffic.gaps).toEqual([]);
    await receiver.stop();
    expect(await listening()).toBe('news,0,0,north,0');
    expect(client.isOpen).toBe(true);
    expect(listenersOf(client)).toBe(listeners);
    await client.destroy();
  });

  it('creates a client, and closes it at the end', async () => {
    const receiver = await Receiver.open({ ...set.options, nodeClientOptions: { name: 'mine' } });
    const traffic = new Traffic(receiver, set.publish, LINES);
    await receiver.connect();
    await traffic.during(() => Promise.resolve());
    expect(traffic.check()).toEqual({ faults: [], missing: 0 });
    await receiver.stop();
    await until(async () => !(await (await set.master()).ask('CLIENT', 'LIST')).includes('name=mine'));
  });

  it('rejects when Redis refuses the password, or the signal aborts', async () => {
    const refused = { ...set.options, nodeClientOptions: { username: 'nobody', password: 'wrong' } };
    await expect(Receiver.open(refused)).rejects.toThrow(/WRONGPASS/);
    const controller = new AbortController();
    const opening = Receiver.open({ ...set.options, name: 'nobody' }, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
  });

  it('ends with its client', async () => {
    const { client, receiver } = await fixture();
    await client.destroy();
    await until(() => !receiver.isActive);
    await until(async () => (await listening()) === 'news,0,0,north,0');
  });

  it('restores its killed connection', async () => {
    await using scene = await fixture();
    await scene.traffic.during(async () => {
      await (await set.master()).ask('CLIENT', 'KILL', 'TYPE', 'pubsub');
    });
    expect(scene.traffic.check().faults).toEqual([]);
    expect(scene.traffic.affected).toEqual(ALL);
  });

  it('detects a frozen master', async () => {
    await using scene = await fixture();
    const { server } = await set.master();
    server.freeze();
    await until(() => scene.events.some(({ type }) => type === 'disconnected'));
    server.thaw();
    await until(() => scene.events.some(({ type }) => type === 'gap'), { timeout: 20_000 });
  });

  describe('during changes and failures', () => {
    beforeEach(() => set.heal());

    it('survives a graceful failover', async () => {
      await using scene = await fixture();
      await scene.traffic.during(() => set.failOver());
      expect(scene.traffic.check().faults).toEqual([]);
      expect(scene.traffic.affected).toEqual(ALL);
    });

    it('survives a killed master after a restart of all Sentinels', async () => {
      await using scene = await fixture();
      await scene.traffic.during(() => set.restartSentinels());
      expect(scene.traffic.gaps).toEqual([]);
      await scene.traffic.during(() => set.killMaster());
      expect(scene.traffic.check().faults).toEqual([]);
      expect(scene.traffic.affected).toEqual(ALL);
    });

    it('finds the new master even if the client has stopped asking after an outage of all Sentinels', async () => {
      await using scene = await fixture({ maxCommandRediscovers: 0 });
      const errors: unknown[] = [];
      scene.client.on('error', (error) => errors.push(error));
      await scene.traffic.during(async () => {
        const hasGivenUp = () => errors.some((error) => String(error).includes('None of the sentinels'));
        await set.restartSentinels(() => until(hasGivenUp));
        await set.killMaster();
      });
      expect(scene.traffic.check().faults).toEqual([]);
      expect(scene.traffic.affected).toEqual(ALL);
    });

    it('finds the new master even if the Sentinel that the client listens to has vanished without notice', async () => {
      await using proxy = await firstSentinel();
      await using scene = await fixture(through(proxy));
      await scene.traffic.during(async () => {
        disappear(proxy);
        await set.killMaster();
      });
      expect(scene.traffic.check().faults).toEqual([]);
      expect(scene.traffic.affected).toEqual(ALL);
    });

    it('keeps asking for a client that gets no notifications, and reports since when its master was wrong', async () => {
      await using proxy = await firstSentinel();
      await using scene = await fixture(through(proxy));
      disappear(proxy);
      await set.killMaster();
      await until(() => scene.traffic.gaps.length > 0, { timeout: 30_000 });
      // The deposed master still reports itself as the master for some seconds, and has not delivered any message yet.
      await set.failOver();
      await scene.traffic.during(() => Promise.resolve());
      expect(scene.traffic.check().faults).toEqual([]);
      expect(scene.traffic.affected).toEqual(ALL);
    });

    it('reports since when the master may have been deposed without a notification', async () => {
      await using proxy = await firstSentinel();
      await using scene = await fixture(through(proxy));
      disappear(proxy);
      await set.failOver();
      await scene.traffic.during(() => Promise.resolve());
      expect(scene.traffic.check().faults).toEqual([]);
      expect(scene.traffic.affected).toEqual(ALL);
    });
  });
});
