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
const INTERVAL = 5;
const LONG_WAIT = { timeout: 60_000 };

/** Times after the kill by event: the first message of each subscription, and the promotion of the replica. */
type Times = Map<string, number>;

async function subscribeClient(cluster: RedisCluster, carrier: RedisNode, times: Times) {
  for (;;) {
    const client = createCluster({ rootNodes: cluster.rootNodes });
    client.on('error', () => undefined);
    await client.connect();
    await client.subscribe(CHANNEL, () => record(times, 'channel, bare cluster client'));
    if (client.pubSubNode?.address === carrier.address) {
      await client.sSubscribe(SHARD, () => record(times, 'sharded channel, bare cluster client'));
      return client;
    }
    client.destroy();
  }
}

async function subscribeReceiver(cluster: RedisCluster, carrier: RedisNode, times: Times) {
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
        record(times, source === shard ? 'sharded channel, Receiver' : 'channel, Receiver'),
      );
      await shard.whenSubscribed();
      return client;
    }
    await receiver.stop();
  }
}

function record(times: Times, event: string): void {
  if (!times.has(event)) times.set(event, performance.now());
}

const results = new Map<string, number[]>();
for (let round = 1; round <= rounds; round++) {
  console.error(`round ${round} of ${rounds}`);
  await using cluster = await RedisCluster.start({ nodeTimeout: 1_000 });
  const master = await cluster.ownerOf(SHARD);
  const replica = await cluster.replicaOf(master);
  const times: Times = new Map();
  const clients = [
    await subscribeClient(cluster, master, times),
    await subscribeReceiver(cluster, master, times),
  ];
  await master.server.kill();
  times.clear();
  const killed = performance.now();
  let isOver = false;
  const publishing = ['shard', 'channel'].map(async (kind) => {
    while (!isOver) {
      await cluster.publish(kind as 'shard', kind === 'shard' ? SHARD : CHANNEL, '').catch(() => undefined);
      await delay(INTERVAL);
    }
  });
  await until(async () => (await replica.field('role', 'INFO', 'replication')) === 'master', LONG_WAIT);
  record(times, 'the replica is master');
  await until(() => times.size === 5, LONG_WAIT);
  isOver = true;
  await Promise.all(publishing);
  for (const [event, at] of times) results.set(event, [...(results.get(event) ?? []), at - killed]);
  for (const client of clients) client.destroy();
}
printSpreads('Milliseconds from a killed master to the first message', results);
