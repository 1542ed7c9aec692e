import { parseArgs } from 'node:util';
import { keySlot } from '../../lib/hub/key-slot.js';
import { RedisCluster } from '../../spec/support/redis-cluster.js';
import type { RedisNode } from '../../spec/support/redis-node.js';
import { until } from '../../spec/support/until.js';
import { printSpreads } from './table.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    messages: { type: 'string', default: '100000' },
    payload: { type: 'string', default: '256' },
    channels: { type: 'string', default: '10000' },
  },
});
const [rounds, messages, payload, channels] = [
  values.rounds,
  values.messages,
  values.payload,
  values.channels,
].map(Number) as [number, number, number, number];
const BATCH = 1_000;
const LONG_WAIT = { timeout: 60_000 };
const SCRIPT = `for i = 1, tonumber(ARGV[4]) do redis.call(ARGV[1], ARGV[2], ARGV[3]) end`;

/** Returns the microseconds of CPU that a server has used. */
async function cpuOf(node: RedisNode): Promise<number> {
  const parts = ['used_cpu_user', 'used_cpu_sys'].map((name) => node.field(name, 'INFO', 'cpu'));
  return (await Promise.all(parts)).reduce((sum, part) => sum + Number(part) * 1e6, 0);
}

async function memoryOf(node: RedisNode): Promise<number> {
  return Number(await node.field('used_memory', 'INFO', 'memory'));
}

const figures = new Map<string, number[]>();
const record = (row: string, value: number) => figures.set(row, [...(figures.get(row) ?? []), value]);

await using cluster = await RedisCluster.start({ masters: 6, replicas: 0 });
const [publisher, ...others] = cluster.nodes as [RedisNode, ...RedisNode[]];
/** Name of a channel whose slot the publisher owns. */
const name = Array.from({ length: 1_000 }, (_, index) => `room:${index}`).find(
  (candidate) => keySlot(candidate) < 16_384 / 6,
) as string;

/** Measures what publishing costs each node, in microseconds of CPU a message. */
async function costs(command: 'PUBLISH' | 'SPUBLISH'): Promise<number[]> {
  const received = await Promise.all(others.map(publishedTo));
  const before = await Promise.all(cluster.nodes.map(cpuOf));
  for (let done = 0; done < messages; done += BATCH) {
    await publisher.ask('EVAL', SCRIPT, '0', command, name, 'x'.repeat(payload), String(BATCH));
  }
  const expected = command === 'PUBLISH' ? messages : 0;
  const isThere = async (node: RedisNode, index: number) =>
    (await publishedTo(node)) - received[index]! >= expected;
  await until(async () => (await Promise.all(others.map(isThere))).every(Boolean), LONG_WAIT);
  const after = await Promise.all(cluster.nodes.map(cpuOf));
  return after.map((cpu, index) => (cpu - before[index]!) / messages);
}

const mean = (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0) / list.length;

for (let round = 1; round <= rounds; round++) {
  console.error(`round ${round} of ${rounds}`);
  const [own, ...rest] = await costs('PUBLISH');
  record("PUBLISH, no subscriber: µs of CPU a message, at the publisher's node", own!);
  record('PUBLISH, no subscriber: µs of CPU a message, at each other node', mean(rest));
  const [alone] = await costs('SPUBLISH');
  record('SPUBLISH, no subscriber: µs of CPU a message, at its node', alone!);

  const subscriber = publisher.admin.duplicate({ disableOfflineQueue: false });
  await subscriber.connect();
  await subscriber.sSubscribe(name, () => undefined);
  const [subscribed] = await costs('SPUBLISH');
  record('SPUBLISH, one subscriber: µs of CPU a message, at its node', subscribed!);

  const names = Array.from({ length: channels }, (_, index) => `room:${index}`);
  const empty = await memoryOf(publisher);
  await subscriber.subscribe(names, () => undefined);
  record('bytes of a subscribed channel at its node', ((await memoryOf(publisher)) - empty) / channels);
  subscriber.destroy();
}
printSpreads('Fan-out over six masters', figures);

async function publishedTo(node: RedisNode): Promise<number> {
  return Number((await node.field('cluster_stats_messages_publish_received', 'CLUSTER', 'INFO')) ?? 0);
}
