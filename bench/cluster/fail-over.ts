import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createCluster } from 'redis';
import { Receiver } from '../../lib/index.js';
import { RedisCluster } from '../../spec/support/redis-cluster.js';
import type { RedisNode } from '../../spec/support/redis-node.js';
import { until } from '../../spec/support/until.js';
import { printSpreads } from './table.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
const SHARD = 'north';
const CHANNEL = 'news';
const PACE = 5;
const PATIENCE = { timeout: 60_000 };

/** Times after the kill by event: the first message of each subscription, and the promotion of the replica. */
type Heard = Map<string, number>;

async function bare(cluster: RedisCluster, carrier: RedisNode, heard: Heard) {
  for (;;) {
    const client = createCluster({ rootNodes: cluster.rootNodes });
    client.on('error', () => undefined);
    await client.connect();
    await client.subscribe(CHANNEL, () => note(heard, 'channel, bare cluster client'));
    if (client.pubSubNode?.address === carrier.address) {
      await client.sSubscribe(SHARD, () => note(heard, 'sharded channel, bare cluster client'));
      return client;
    }
    client.destroy();
  }
}

async function ours(cluster: RedisCluster, carrier: RedisNode, heard: Heard) {
  const client = createCluster({ rootNodes: cluster.rootNodes });
  client.on('error', () => undefined);
  await client.connect();
  const count = async () => Number((await carrier.admin.pubSubNumSub([CHANNEL]))[CHANNEL]);
  for (;;) {
    const before = await count();
    const receiver = new Receiver(client);
    receiver.channel(CHANNEL);
    await receiver.connect();
    if ((await count()) > before) {
      const shard = receiver.shard(SHARD);
      receiver.subscribe(({ source }) =>
        note(heard, source === shard ? 'sharded channel, Receiver' : 'channel, Receiver'),
      );
      await shard.whenSubscribed();
      return client;
    }
    await receiver.stop();
  }
}

function note(heard: Heard, who: string): void {
  if (!heard.has(who)) heard.set(who, performance.now());
}

const results = new Map<string, number[]>();
for (let round = 1; round <= rounds; round++) {
  console.error(`round ${round} of ${rounds}`);
  await using cluster = await RedisCluster.start();
  const master = await cluster.ownerOf(SHARD);
  const replica = await cluster.replicaOf(master);
  const heard: Heard = new Map();
  const clients = [await bare(cluster, master, heard), await ours(cluster, master, heard)];
  await master.server.kill();
  heard.clear();
  const killed = performance.now();
  let isOver = false;
  const publishing = ['shard', 'channel'].map(async (kind) => {
    while (!isOver) {
      await cluster.publish(kind as 'shard', kind === 'shard' ? SHARD : CHANNEL, '').catch(() => undefined);
      await delay(PACE);
    }
  });
  await until(async () => (await replica.field('role', 'INFO', 'replication')) === 'master', PATIENCE);
  note(heard, 'the replica is master');
  await until(() => heard.size === 5, PATIENCE);
  isOver = true;
  await Promise.all(publishing);
  for (const [who, at] of heard) results.set(who, [...(results.get(who) ?? []), at - killed]);
  for (const client of clients) client.destroy();
}
printSpreads('Milliseconds from a killed master to the first message', results);
