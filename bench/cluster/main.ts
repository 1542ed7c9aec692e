import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { keySlot } from '../../lib/hub/key-slot.js';
import { RedisCluster } from '../../spec/support/redis-cluster.js';
import { shuffled } from '../statistics.js';
import { CONTESTANTS } from './contestants.js';
import type { Cost, Task } from './protocol.js';
import { printSpreads } from './table.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    channels: { type: 'string', default: '10000' },
    messages: { type: 'string', default: '20' },
    payload: { type: 'string', default: '256' },
  },
});
const [rounds, channels, messages, payload] = [
  values.rounds,
  values.channels,
  values.messages,
  values.payload,
].map(Number) as [number, number, number, number];
const SLOTS = 16_384;
const MASTERS = 3;
/** Messages of a burst for each channel: the server's output buffer must stay below its limit. */
const BURST = 4;

/** Script that publishes from inside the server, so that the subscriber never runs dry. */
const SCRIPT = `
  for burst = 1, tonumber(ARGV[1]) do
    for index = 3, #ARGV do redis.call('SPUBLISH', ARGV[index], ARGV[2]) end
  end`;

async function cost(child: ChildProcess): Promise<Cost> {
  const [message] = (await once(child, 'message')) as [Cost];
  return message;
}

await using cluster = await RedisCluster.start({ masters: MASTERS, replicas: 0 });
const names = Array.from({ length: channels }, (_, index) => `room:${index}`);
const masterOf = (name: string) => Math.floor((keySlot(name) * MASTERS) / SLOTS);

/** Publishes `count` messages to each of the channels, from all masters at once. */
async function publish(count: number): Promise<void> {
  await Promise.all(
    cluster.nodes.map(async (node, index) => {
      const own = names.filter((name) => masterOf(name) === index);
      for (let done = 0; done < count; done += BURST) {
        const burst = String(Math.min(BURST, count - done));
        await node.ask('EVAL', SCRIPT, '0', burst, 'x'.repeat(payload), ...own);
      }
    }),
  );
}

const figures = new Map<string, Map<string, number[]>>();
function record(title: string, contestant: string, value: number): void {
  const rows = figures.get(title) ?? new Map<string, number[]>();
  figures.set(title, rows);
  rows.set(contestant, [...(rows.get(contestant) ?? []), value]);
}

for (let round = 1; round <= rounds; round++) {
  console.error(`round ${round} of ${rounds}`);
  for (const contestant of shuffled(Object.keys(CONTESTANTS))) {
    const task: Task = { contestant, rootNodes: cluster.rootNodes, channels };
    const child = fork(join(import.meta.dirname, 'contestant-process.ts'), [JSON.stringify(task)]);
    const subscribing = await cost(child);
    record(`Subscribing ${channels} sharded channels, ms`, contestant, subscribing.wall);
    record(`Subscribing ${channels} sharded channels, ms of CPU`, contestant, subscribing.cpu);
    for (const isWarmUp of [true, false]) {
      const received = cost(child);
      child.send(channels * messages);
      await publish(messages);
      const { wall, cpu } = await received;
      if (isWarmUp) continue;
      record('Messages a second', contestant, (channels * messages) / (wall / 1_000));
      record('Microseconds of CPU a message', contestant, (cpu * 1_000) / (channels * messages));
    }
    child.disconnect();
    await once(child, 'exit');
  }
}
for (const [title, rows] of figures) printSpreads(title, rows);
