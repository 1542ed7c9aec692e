import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { createClient } from 'redis';
import { Receiver, recoverable } from 'rx-redis-receiver';
import { RedisServer } from '../../spec/support/redis-server.js';
import { TcpProxy } from '../../spec/support/tcp-proxy.js';
import { until } from '../../spec/support/until.js';

// Recoverable Channels under ten-fold overload and a hundred faults: every message has to arrive, in order, and none twice.

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '75' },
    rate: { type: 'string', default: '2000' },
    faults: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});
const [seconds, rate, most, seed] = [values.seconds, values.rate, values.faults, values.seed].map(Number) as [
  number,
  number,
  number,
  number,
];

const CHANNELS = Array.from({ length: 5 }, (_, index) => `soak:${index}`);
const CAPACITY = 1_000;
const TICK = 10;
const OVERLOAD = 10;
/** The largest number of a channel's messages that are published in one go. */
const MOST_AT_ONCE = 1_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heap = () => process.memoryUsage().heapUsed / 1024 / 1024;

// A server that is killed loses nothing that it has confirmed.
await using server = await RedisServer.start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
await using proxy = await TcpProxy.start(server.port);
const admin = createClient({
  url: server.url,
  disableOfflineQueue: true,
  socket: { reconnectStrategy: () => TICK },
});
admin.on('error', () => undefined);
await admin.connect();
const publisher = recoverable(admin, { keep: 10_000_000 });

const receiver = await Receiver.open(
  { url: proxy.url, socket: { reconnectStrategy: () => TICK } },
  { capacity: CAPACITY, overflow: 'replay' },
);
const published = new Map(CHANNELS.map((name) => [name, 0]));
const received = new Map(CHANNELS.map((name) => [name, 0]));
let [total, duplicates, outOfOrder, gaps, errors] = [0, 0, 0, 0, 0];
let [mostBuffered, mostHeap, mostBehind] = [0, 0, 0];
receiver.events.subscribe(({ type }) => {
  if (type === 'gap') gaps++;
  if (type === 'recovery-error' || type === 'unrecoverable') errors++;
});
for (const name of CHANNELS) receiver.channel(name, { recover: {} });
await receiver.connect();

let isOver = false;

/** Publishes the numbers of a channel; after a failure, continues behind the last one that the log has. */
async function load(name: string): Promise<void> {
  let due = 0;
  let isKnown = true;
  while (!isOver) {
    await delay(TICK);
    due = Math.min(due + (rate * TICK) / 1_000 / CHANNELS.length, MOST_AT_ONCE);
    if (!admin.isReady) continue;
    const last = published.get(name) as number;
    try {
      if (!isKnown) {
        const [entry] = (await admin.xRevRange(`log:{${name}}`, '+', '-', { COUNT: 1 })) ?? [];
        published.set(name, Math.max(last, Number(entry?.message.d ?? 0)));
        isKnown = true;
      }
      const count = Math.floor(due);
      const first = (published.get(name) as number) + 1;
      await Promise.all(
        Array.from({ length: count }, async (_, index) => publisher.publish(name, String(first + index))),
      );
      published.set(name, first + count - 1);
      due -= count;
    } catch {
      isKnown = false;
    }
  }
  if (isKnown) return;
  const [entry] =
    (await until(() => admin.xRevRange(`log:{${name}}`, '+', '-', { COUNT: 1 }).catch(() => null))) ?? [];
  published.set(name, Number(entry?.message.d ?? 0));
}

/** Takes a tenth of what is published, and in the end everything. */
async function consume(): Promise<void> {
  let due = 0;
  let before = performance.now();
  for await (const { channel, data } of receiver) {
    const number = Number(data);
    const last = received.get(channel) as number;
    if (number <= last) duplicates++;
    if (number > last + 1) outOfOrder++;
    received.set(channel, Math.max(last, number));
    total++;
    mostBuffered = Math.max(mostBuffered, receiver.stats.buffered);
    for (due--; due < 1 && !isOver; before = performance.now()) {
      await delay(TICK);
      due += ((performance.now() - before) * rate) / 1_000 / OVERLOAD;
    }
  }
}

const faults = new Map<string, number>();
const FAULTS: Readonly<Record<string, (bytes: number) => unknown>> = {
  'subscription killed': () => admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']),
  async 'log reader killed'() {
    const list = (await admin.sendCommand(['CLIENT', 'LIST'])) as unknown as string;
    for (const [, id] of list.matchAll(/^id=(\d+) .*cmd=(?:xrange|xinfo\|stream) .*$/gm))
      await admin.sendCommand(['CLIENT', 'KILL', 'ID', id as string]);
  },
  'connections cut': () => proxy.cut(),
  'cut in mid-burst': (bytes) => proxy.cutAfter(bytes),
  async 'server restarted'() {
    await server.kill();
    await server.restart();
  },
};

async function injectFaults(): Promise<void> {
  const fault = fc.tuple(fc.constantFrom(...Object.keys(FAULTS)), fc.integer({ min: 1, max: 20_000 }));
  const end = performance.now() + seconds * 1_000;
  let left = most;
  for (const [kind, bytes] of fc.sample(fault, { seed, numRuns: most })) {
    await delay(Math.max(0, (end - performance.now()) / left--));
    faults.set(kind, (faults.get(kind) ?? 0) + 1);
    await until(() => admin.isReady, { timeout: 30_000 });
    await Promise.resolve(FAULTS[kind]?.(bytes)).catch(() => undefined);
  }
}

const sum = (numbers: Map<string, number>) => [...numbers.values()].reduce((all, each) => all + each, 0);
const watch = setInterval(() => {
  mostHeap = Math.max(mostHeap, heap());
  mostBehind = Math.max(mostBehind, sum(published) - total);
}, 100);

console.log(
  `${seconds} s, ${rate} messages a second, ${most} faults, a consumer of ${rate / OVERLOAD} a second, seed ${seed}`,
);
collect();
const heapBefore = heap();
const loading = CHANNELS.map(load);
const consuming = consume();
await injectFaults();
await until(() => admin.isReady, { timeout: 30_000 });
isOver = true;
await Promise.all(loading);
const isDone = () => CHANNELS.every((name) => received.get(name) === published.get(name));
await until(isDone, { timeout: 120_000, message: 'the last message of each channel' }).catch(console.error);
clearInterval(watch);
const { recovered, dropped } = receiver.stats;
await receiver.stop();
await consuming;
admin.destroy();
collect();
const isSound =
  sum(published) === total && duplicates + outOfOrder + gaps + errors === 0 && mostBuffered <= CAPACITY;
console.log([...faults].map(([kind, count]) => `${count} × ${kind}`).join(', '));
console.log(
  `${isSound ? 'ok' : 'FAILED'}: published ${sum(published)}, received ${total} (${recovered} from logs), ` +
    `${duplicates} duplicates, ${outOfOrder} holes, ${gaps} gaps, ${errors} errors, ${dropped} dropped; ` +
    `at most ${mostBehind} behind, ${mostBuffered} of ${CAPACITY} buffered; ` +
    `heap ${heapBefore.toFixed(1)} MB before, ${mostHeap.toFixed(1)} MB at most, ${heap().toFixed(1)} MB after`,
);
if (!isSound) process.exitCode = 1;
