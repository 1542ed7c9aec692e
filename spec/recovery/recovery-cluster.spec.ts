import { Receiver } from '../../lib/index.js';
import { keySlot } from '../../lib/hub/key-slot.js';
import type { ScriptClient } from '../../lib/log/log-client.js';
import { createCluster, createSentinel, type DistributedClient } from '../support/distributed-clients.js';
import { RecoverableTraffic, type RecoverableLine } from '../support/recoverable-traffic.js';
import { RedisCluster } from '../support/redis-cluster.js';
import type { RedisNode } from '../support/redis-node.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { until } from '../support/until.js';

jest.setTimeout(90_000);

const LONG_WAIT = { timeout: 30_000 };
const LINES: readonly RecoverableLine[] = [
  { kind: 'channel', name: 'news' },
  { kind: 'shard', name: 'north' },
  { kind: 'shard', name: 'east' },
];

type EvalOptions = Parameters<ScriptClient['eval']>[1];

/** Runs scripts on the node that has the key, and asks for it again after a failure. */
function scriptsOn(ownerOf: (key: string) => Promise<RedisNode>): ScriptClient {
  const owners = new Map<string, RedisNode>();
  return {
    eval: async (script: string, options: EvalOptions) => {
      const [key = ''] = options.keys;
      const owner = owners.get(key) ?? (await ownerOf(key));
      owners.set(key, owner);
      try {
        return await (owner.admin as unknown as ScriptClient).eval(script, options);
      } catch (error) {
        owners.delete(key);
        throw error;
      }
    },
  };
}

async function sceneOn(client: DistributedClient, scripts: ScriptClient) {
  client.on('error', () => undefined);
  await client.connect();
  const receiver = new Receiver(client, { heartbeat: 1_000 });
  const traffic = new RecoverableTraffic(receiver, scripts, LINES);
  await receiver.connect();
  const end = async () => {
    await receiver.stop();
    await client.destroy();
  };
  return { receiver, traffic, [Symbol.asyncDispose]: end };
}

describe('recoverable Channels on a cluster', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await RedisCluster.start({ nodeTimeout: 1_000 });
  });

  afterEach(() => cluster.heal());

  afterAll(() => cluster.stop());

  const scene = () =>
    sceneOn(
      createCluster({ rootNodes: cluster.rootNodes }),
      scriptsOn((key) => cluster.ownerOf(key)),
    );

  it('miss nothing in a graceful failover', async () => {
    await using s = await scene();
    const owner = await cluster.ownerOf('news');
    await s.traffic.during(() => cluster.failOver(owner));
    expect(s.traffic.check()).toEqual({ faults: [], missing: 0, gaps: 0 });
  });

  it('miss nothing when a slot moves', async () => {
    await using s = await scene();
    const from = await cluster.ownerOf('north');
    const to = (await Promise.all(LINES.map(({ name }) => cluster.ownerOf(name)))).find(
      (node) => node !== from,
    )!;
    await s.traffic.during(() => moveSlot(from, to, 'north'));
    expect(s.traffic.check()).toEqual({ faults: [], missing: 0, gaps: 0 });
  });

  it('tell what a killed master has not replicated', async () => {
    await using s = await scene();
    const owner = await cluster.ownerOf('north');
    await s.traffic.during(async () => {
      await owner.server.kill();
      await until(async () => (await cluster.ownerOf('north')) !== owner, LONG_WAIT);
    });
    expect(s.traffic.check().faults).toEqual([]);
  });

  /** Moves a slot with its keys. */
  async function moveSlot(from: RedisNode, to: RedisNode, name: string): Promise<void> {
    const slot = String(keySlot(name));
    const [source, target] = await Promise.all([from, to].map((node) => node.ask('CLUSTER', 'MYID')));
    await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source!);
    await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target!);
    const keys = await from.admin.sendCommand<string[]>(['CLUSTER', 'GETKEYSINSLOT', slot, '100']);
    for (const key of keys) await from.ask('MIGRATE', '127.0.0.1', String(to.port), key, '0', '5000');
    for (const node of [to, from]) await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', target!);
  }
});

describe('recoverable Channels on a Sentinel set', () => {
  let set: RedisSentinels;

  beforeAll(async () => {
    set = await RedisSentinels.start();
  });

  afterAll(() => set.stop());

  it('miss nothing in a failover, and tell what a killed master has not replicated', async () => {
    await using s = await sceneOn(createSentinel(set.options), {
      eval: (script, options) => (set.lastMaster.admin as unknown as ScriptClient).eval(script, options),
    });
    await s.traffic.during(() => set.failOver());
    expect(s.traffic.check().faults).toEqual([]);
    await set.heal();
    await s.traffic.during(() => set.killMaster());
    expect(s.traffic.check().faults).toEqual([]);
  });
});
