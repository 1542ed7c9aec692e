import { setTimeout as pace } from 'node:timers/promises';
import { config } from 'rxjs';
import { Receiver, type Message, type ReceiverEvent } from '../../lib/index.js';
import { keySlot } from '../../lib/hub/key-slot.js';
import { clusterUnderTest } from '../support/client-under-test.js';
import { createCluster, createCluster5, listenersOf, type Create } from '../support/distributed-clients.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { freePort } from '../support/free-port.js';
import { Traffic, type Line } from '../support/traffic.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

/** Milliseconds in which a node replies even on a busy machine: after that, its connection is replaced, with a gap. */
const HEARTBEAT = 1_000;
const LONG_WAIT = { timeout: 30_000 };
const NAMES = ['north', 'east', 'south', 'west'];
const LINES: readonly Line[] = [
  { kind: 'channel', name: 'news', target: 'news' },
  { kind: 'pattern', name: 'order:*', target: 'order:1' },
  ...NAMES.map((name) => ({ kind: 'shard' as const, name, target: name })),
];

describe('on a cluster', () => {
  let cluster: RedisCluster;
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown) => unhandled.push(error);

  beforeAll(async () => {
    cluster = await RedisCluster.start({ nodeTimeout: 3_000 });
    process.on('unhandledRejection', onUnhandled);
    config.onUnhandledError = onUnhandled;
  });

  afterEach(() => expect(unhandled.splice(0)).toEqual([]));

  afterAll(async () => {
    process.off('unhandledRejection', onUnhandled);
    config.onUnhandledError = null;
    await cluster.stop();
  });

  async function open(options: object = {}) {
    const client = clusterUnderTest({ rootNodes: cluster.rootNodes, ...options });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async function fixture(options: object = {}) {
    const client = await open(options);
    const receiver = new Receiver(client, { heartbeat: HEARTBEAT });
    const events: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => events.push(event));
    const end = async () => {
      await receiver.stop();
      client.destroy();
    };
    return { client, receiver, events, [Symbol.asyncDispose]: end };
  }

  const shardsOf = async (node: unknown) => {
    const owners = await Promise.all(NAMES.map((name) => cluster.ownerOf(name)));
    return NAMES.filter((_, index) => owners[index] === node);
  };
  const broadcastOf = async (node: { ask(...args: string[]): Promise<string> }) =>
    (await node.ask('PUBSUB', 'NUMSUB', 'news')) === 'news,1' ? ['news', 'order:*'] : [];

  it('computes the same slot as Redis', async () => {
    const names = ['', 'a', '{a}b', 'b{a}', '{}a', '{a', 'a}', '{{a}}', 'ä{ö}', 'x'.repeat(300)];
    for (const name of names) {
      expect(keySlot(name)).toBe(Number(await cluster.nodes[0]!.ask('CLUSTER', 'KEYSLOT', name)));
    }
  });

  const ways: readonly [string, Create, object][] = [
    ['node-redis 6, RESP3', createCluster, {}],
    ['node-redis 6, RESP2', createCluster, { RESP: 2 }],
    ['node-redis 6, connecting late', createCluster, { minimizeConnections: true }],
    ['node-redis 5, RESP2', createCluster5, {}],
    ['node-redis 5, RESP3', createCluster5, { RESP: 3 }],
  ];

  describe.each(ways)('with %s', (_, create, options) => {
    it('merges channels, patterns and sharded channels, and leaves nothing behind', async () => {
      const client = create({ rootNodes: cluster.rootNodes, ...options });
      client.on('error', () => undefined);
      await client.connect();
      const listeners = listenersOf(client);
      const receiver = new Receiver(client, { heartbeat: HEARTBEAT });
      const received: string[] = [];
      const record = ({ source, channel, data }: Message) =>
        received.push(`${source.kind} ${source.name} ${channel} ${data}`);
      for (const { kind, name } of LINES) receiver[kind](name);
      receiver.subscribe(record);
      await receiver.connect();
      expect(await cluster.numSub('news')).toEqual([1]);
      expect(await cluster.numPat()).toBe(1);
      expect(await cluster.shardNumSub(...NAMES)).toEqual(NAMES.map(() => 1));
      for (const { kind, target } of LINES) {
        await client[kind === 'shard' ? 'sPublish' : 'publish'](target, '1');
      }
      await until(() => received.length === LINES.length);
      expect(new Set(received)).toEqual(
        new Set(LINES.map(({ kind, name, target }) => `${kind} ${name} ${target} 1`)),
      );
      await receiver.stop();
      expect(await cluster.numSub('news')).toEqual([0]);
      expect(await cluster.numPat()).toBe(0);
      expect(await cluster.shardNumSub(...NAMES)).toEqual(NAMES.map(() => 0));
      expect(client.isOpen).toBe(true);
      expect(listenersOf(client)).toBe(listeners);
      client.destroy();
    });
  });

  const versions: readonly [string, Create][] = [
    ['6', createCluster],
    ['5', createCluster5],
  ];

  it.each(versions)(
    'leaves no connection when it is stopped while it connects, with node-redis %s',
    async (_version, create) => {
      const total = async (figure: string, section: string) => {
        const figures = await Promise.all(cluster.nodes.map((node) => node.field(figure, 'INFO', section)));
        return figures.reduce((sum, value) => sum + Number(value), 0);
      };
      const client = create({ rootNodes: cluster.rootNodes });
      client.on('error', () => undefined);
      await client.connect();
      const first = new Receiver(client);
      first.channel('news');
      await first.connect();
      await first.stop();
      const open = await total('connected_clients', 'clients');
      const made = await total('total_connections_received', 'stats');
      for (let round = 1; round <= 5; round++) {
        const receiver = new Receiver(client);
        receiver.channel('news').subscribe();
        await receiver.stop();
        await until(async () => (await total('total_connections_received', 'stats')) >= made + round);
      }
      await until(async () => (await total('connected_clients', 'clients')) <= open);
      client.destroy();
    },
  );

  it('subscribes thousands of sharded channels, with one command for each slot', async () => {
    await using scene = await fixture();
    const { receiver } = scene;
    const names = Array.from({ length: 3_000 }, (_, index) => `room:${index}`);
    const together = Array.from({ length: 50 }, (_, index) => `{hall}${index}`);
    const owner = await cluster.ownerOf('{hall}');
    const calls = async () =>
      Number(
        /calls=(\d+)/.exec((await owner.field('cmdstat_ssubscribe', 'INFO', 'commandstats')) ?? '')?.[1] ?? 0,
      );
    for (const name of together) receiver.shard(name);
    const before = await calls();
    await receiver.connect();
    expect((await calls()) - before).toBe(1);
    for (const name of names) receiver.shard(name);
    const received: string[] = [];
    receiver.subscribe(({ channel }) => received.push(channel));
    await Promise.all(names.map((name) => receiver.shard(name).whenSubscribed()));
    await Promise.all(
      [...names, ...together].map((name) =>
        cluster.publish('shard', name, '').catch(() => scene.client.sPublish(name, '')),
      ),
    );
    await until(() => received.length === names.length + together.length);
    expect(new Set(received)).toEqual(new Set([...names, ...together]));
  });

  it('closes an unused connection of its own', async () => {
    await using scene = await fixture();
    const connections = async () => {
      const lists = await Promise.all(cluster.nodes.map((node) => node.ask('CLIENT', 'LIST')));
      return lists
        .join('\n')
        .split('\n')
        .filter((line) => / (sub|psub|ssub)=[1-9]/.test(line)).length;
    };
    const [news, north] = [scene.receiver.channel('news'), scene.receiver.shard('north')];
    await scene.receiver.connect();
    await until(async () => (await connections()) === 2);
    await north.close();
    await until(async () => (await connections()) === 1);
    await news.close();
    await until(async () => (await connections()) === 0);
  });

  it('ends with its client', async () => {
    const { client, receiver } = await fixture();
    const shard = receiver.shard('north');
    let isComplete = false;
    receiver.subscribe({ complete: () => (isComplete = true) });
    await shard.whenSubscribed();
    client.destroy();
    await until(() => isComplete);
    expect(shard.isActive).toBe(false);
    await until(async () => (await cluster.shardNumSub('north'))[0] === 0);
    await expect(new Receiver(client).connect()).rejects.toThrow('the client is not open');
  });

  it('fails a refused Channel, and continues with the others', async () => {
    await Promise.all(
      cluster.nodes.map((node) =>
        node.ask('ACL', 'SETUSER', 'guest', 'on', '>guest', '+@all', '~*', 'resetchannels', '&north'),
      ),
    );
    await using scene = await fixture({ defaults: { username: 'guest', password: 'guest' } });
    const { receiver } = scene;
    receiver.shard('north');
    receiver.shard('south');
    await expect(receiver.connect()).rejects.toMatchObject({ name: 'SubscribeError', channel: 'south' });
    await until(async () => (await cluster.shardNumSub('north'))[0] === 1);
  });

  describe('Receiver.open()', () => {
    const connections = async () => {
      const lists = await Promise.all(
        cluster.nodes.map((node) => node.ask('CLIENT', 'LIST', 'TYPE', 'normal')),
      );
      const pubSub = await Promise.all(
        cluster.nodes.map((node) => node.ask('CLIENT', 'LIST', 'TYPE', 'pubsub')),
      );
      return [...lists, ...pubSub]
        .join('\n')
        .split('\n')
        .filter((line) => line.includes('name=mine')).length;
    };

    it('creates a client, and closes it at the end', async () => {
      const receiver = await Receiver.open({ rootNodes: cluster.rootNodes, defaults: { name: 'mine' } });
      const traffic = new Traffic(receiver, cluster.publish, LINES);
      await receiver.connect();
      expect(await connections()).toBeGreaterThan(1);
      await traffic.during(() => Promise.resolve());
      expect(traffic.check()).toEqual({ faults: [], missing: 0 });
      await receiver.stop();
      await until(async () => (await connections()) === 0);
    });

    it('rejects when Redis refuses the password', async () => {
      const opening = Receiver.open({
        rootNodes: cluster.rootNodes,
        defaults: { username: 'nobody', password: 'wrong' },
      });
      await expect(opening).rejects.toThrow(/WRONGPASS/);
    });

    it('keeps trying until its signal aborts, or its strategy gives up', async () => {
      const rootNodes = [{ url: `redis://127.0.0.1:${await freePort()}` }];
      const controller = new AbortController();
      const opening = Receiver.open({ rootNodes }, { signal: controller.signal });
      controller.abort(new Error('enough'));
      await expect(opening).rejects.toThrow('enough');
      const tries: number[] = [];
      const reconnectStrategy = (retries: number) => (tries.push(retries) < 3 ? 1 : false);
      await expect(Receiver.open({ rootNodes, defaults: { socket: { reconnectStrategy } } })).rejects.toThrow(
        /root nodes/i,
      );
      expect(tries).toEqual([0, 1, 2]);
    });

    it('rejects with a clear error for invalid options', async () => {
      await expect(Receiver.open({ rootNodes: [] })).rejects.toThrow(/'rootNodes'.*at least one server/);
      await expect(Receiver.open({ sentinelRootNodes: [], name: 'a' })).rejects.toThrow(
        /'sentinelRootNodes'/,
      );
      const nameless = { sentinelRootNodes: [{ host: 'a', port: 1 }] } as never;
      await expect(Receiver.open(nameless)).rejects.toThrow(/'name'/);
      const client = createCluster({ rootNodes: cluster.rootNodes });
      expect(() => new Receiver(client, { heartbeat: -1 })).toThrow(/'heartbeat'/);
      expect(() => new Receiver(client, { heartbeat: '1' as never })).toThrow(/'heartbeat'/);
    });
  });

  describe('during changes and failures', () => {
    afterEach(() => cluster.heal());

    // Each of the first three tests uses another shard, because Redis counts the old votes of a replica that stands for
    // election again within twice the node timeout, and its slots then stay without a master.

    it.each([
      [2, 'north'],
      [3, 'east'],
    ] as const)('survives a graceful failover, with RESP%i', async (RESP, name) => {
      await using scene = await fixture({ RESP });
      const traffic = new Traffic(scene.receiver, cluster.publish, LINES);
      await scene.receiver.connect();
      const owner = await cluster.ownerOf(name);
      const affected = await shardsOf(owner);
      await traffic.during(() => cluster.failOver(owner));
      expect(traffic.check().faults).toEqual([]);
      expect(traffic.affected).toEqual(affected);
    });

    it('survives a killed master', async () => {
      await using scene = await fixture();
      const traffic = new Traffic(scene.receiver, cluster.publish, LINES);
      await scene.receiver.connect();
      const owner = await cluster.ownerOf('south');
      const affected = [...(await broadcastOf(owner)), ...(await shardsOf(owner))];
      await traffic.during(() => owner.server.kill());
      expect(traffic.check().faults).toEqual([]);
      expect(traffic.affected).toEqual(affected);
    });

    it('survives a frozen master', async () => {
      await using scene = await fixture();
      const traffic = new Traffic(scene.receiver, cluster.publish, LINES);
      await scene.receiver.connect();
      const owner = await cluster.ownerOf('north');
      const affected = [...(await broadcastOf(owner)), ...(await shardsOf(owner))];
      const replica = await cluster.replicaOf(owner);
      await traffic.during(async () => {
        owner.server.freeze();
        await until(async () => (await replica.field('role', 'INFO', 'replication')) === 'master', LONG_WAIT);
        await until(() => scene.events.some(({ type }) => type === 'gap'), LONG_WAIT);
        owner.server.thaw();
      });
      expect(traffic.check().faults).toEqual([]);
      expect(traffic.affected).toEqual(affected);
    });

    it('moves channels and patterns to another node, whichever node fails', async () => {
      await using scene = await fixture();
      const lines = LINES.filter(({ kind }) => kind !== 'shard');
      const traffic = new Traffic(scene.receiver, cluster.publish, lines);
      await scene.receiver.connect();
      const counts = await Promise.all(cluster.nodes.map(broadcastOf));
      const carrier = cluster.nodes[counts.findIndex(({ length }) => length > 0)]!;
      await traffic.during(() => carrier.server.kill());
      expect(traffic.check().faults).toEqual([]);
      expect(traffic.affected).toEqual(['news', 'order:*']);
    });

    it('follows a slot that moves during publishing', async () => {
      await using scene = await fixture();
      const traffic = new Traffic(scene.receiver, cluster.publish, LINES);
      await scene.receiver.connect();
      const from = await cluster.ownerOf('north');
      const to = (await Promise.all(NAMES.map((name) => cluster.ownerOf(name)))).find(
        (node) => node !== from,
      )!;
      for (const [source, target] of [
        [from, to],
        [to, from],
      ] as const) {
        await traffic.during(() => cluster.migrate(keySlot('north'), source, target));
      }
      expect(traffic.check().faults).toEqual([]);
      expect(traffic.affected).toEqual(['north']);
      expect(traffic.gaps).toHaveLength(2);
    });

    it('recovers everything when slots move with operations in flight', async () => {
      await using scene = await fixture();
      const { receiver } = scene;
      const traffic = new Traffic(receiver, cluster.publish, LINES);
      await receiver.connect();
      const [from, to] = [await cluster.ownerOf('north'), await cluster.ownerOf('south')];
      const names = NAMES.flatMap((tag) => Array.from({ length: 5 }, (_, index) => `{${tag}}${index}`));
      await traffic.during(async () => {
        let isMoving = true;
        const busy = names.map(async (name) => {
          while (isMoving) {
            const channel = receiver.shard(name);
            await Promise.race([channel.whenSubscribed(), pace(30)]);
            await Promise.race([channel.close(), pace(30)]);
          }
          receiver.shard(name);
        });
        for (let round = 0; round < 8; round++) {
          const [source, target] = round % 2 === 0 ? [from, to] : [to, from];
          await cluster.migrate(keySlot('north'), source, target);
          await pace(20);
        }
        isMoving = false;
        await Promise.all(busy);
      });
      const wanted = [...NAMES, ...names];
      await until(
        async () => (await cluster.shardNumSub(...wanted)).every((count) => count === 1),
        LONG_WAIT,
      );
      expect(traffic.check().faults).toEqual([]);
      const received = new Set<string>();
      for (const name of names) receiver.shard(name).subscribe(({ channel }) => received.add(channel));
      await until(async () => {
        await Promise.all(names.map((name) => cluster.publish('shard', name, '-1').catch(() => 0)));
        return received.size === names.length;
      });
    });

    it('works without a removed node, and accepts the node again', async () => {
      await using scene = await fixture();
      const traffic = new Traffic(scene.receiver, cluster.publish, LINES);
      await scene.receiver.connect();
      const owner = await cluster.ownerOf('north');
      const replica = await cluster.replicaOf(owner);
      const lost = await shardsOf(owner);
      const affected = [
        ...new Set([...(await broadcastOf(owner)), ...(await broadcastOf(replica)), ...lost]),
      ];
      const others = LINES.filter(({ name }) => !lost.includes(name));
      await traffic.during(async () => {
        await replica.server.kill();
        await owner.server.kill();
        await until(
          async () =>
            (await cluster.nodes
              .find(({ server }) => server.isRunning)!
              .field('cluster_state', 'CLUSTER', 'INFO')) === 'fail',
          LONG_WAIT,
        );
        await traffic.allReceive(others);
        await owner.server.restart();
      });
      expect(traffic.check().faults).toEqual([]);
      expect(traffic.affected).toEqual(affected);
    });

    it('stops in time, even if a node is down', async () => {
      await using scene = await fixture();
      for (const { kind, name } of LINES) scene.receiver[kind](name);
      await scene.receiver.connect();
      const owner = await cluster.ownerOf('north');
      owner.server.freeze();
      await scene.receiver.stop();
      owner.server.thaw();
      await until(async () => (await cluster.shardNumSub(...NAMES)).every((count) => count === 0));
    });
  });
});
