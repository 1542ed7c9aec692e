// Measures the CPU of a delivery to a GraphQL client, and the memory of a client, beside graphql-redis-subscriptions.
// Run it: npm run bench:graphql

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pace } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RedisPubSub as OtherPubSub } from 'graphql-redis-subscriptions';
import { createClient } from 'redis';
import { RedisPubSub } from '../lib/graphql/index.js';
import { RedisServer } from '../spec/support/redis-server.js';
import { ratios, shuffled, spread } from './statistics.js';
import { versions } from './versions.js';

const ROUNDS = Number(process.argv[2] ?? 5);
const CLIENTS = 1_000;
const TOPICS = 100;
/** The messages on each topic; every one is a delivery to each of the topic's clients. */
const MESSAGES = 200;
const DELIVERIES = (CLIENTS / TOPICS) * TOPICS * MESSAGES;
const PAYLOAD = { orderPaid: { id: 7, text: 'x'.repeat(150) } };
const GREETING = {};
const topics = Array.from({ length: TOPICS }, (_, index) => `order:${index}`);

interface PubSub {
  asyncIterator(topic: string): AsyncIterator<unknown>;
  close(): unknown;
}

const other = (url: string): PubSub => {
  const { hostname: host, port } = new URL(url);
  const pubSub = new OtherPubSub({ connection: { host, port: Number(port) } });
  return { asyncIterator: (topic) => pubSub.asyncIterator(topic), close: () => pubSub.close() };
};

const CONTESTANTS = {
  'graphql-redis-subscriptions': other,
  'graphql-redis-subscriptions again': other,
  'rx-redis-receiver/graphql': (url: string): PubSub => new RedisPubSub({ connection: url }),
};
type Contestant = keyof typeof CONTESTANTS;

interface Report {
  /** Microseconds of CPU a delivery. */
  readonly cpu: number;
  /** Bytes of a client. */
  readonly memory: number;
}

async function measure(url: string, contestant: Contestant): Promise<Report> {
  const publisher = await createClient({ url }).connect();
  const publishAll = (payload: object) =>
    Promise.all(topics.map((topic) => publisher.publish(topic, JSON.stringify(payload))));
  // In a process of its own, so that the subscriber alone is measured.
  const child = fork(process.argv[1]!, ['deliver', url, contestant]);
  const readiness = { isReady: false };
  const ready = once(child, 'message').then(() => (readiness.isReady = true));
  // A client may be subscribed later than its channel.
  while (!readiness.isReady) await Promise.race([ready, publishAll(GREETING).then(() => pace(50))]);
  const started = once(child, 'message');
  child.send('start');
  await started;
  const report = once(child, 'message') as Promise<[Report]>;
  for (let message = 0; message < MESSAGES; message++) await publishAll(PAYLOAD);
  await publisher.close();
  return (await report)[0];
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

async function deliver([url, contestant]: readonly string[]): Promise<void> {
  const pubSub = CONTESTANTS[contestant as Contestant](url!);
  // The first client makes the connection.
  const first = pubSub.asyncIterator('first');
  void first.next();
  const before = heapUsed();
  let count = 0;
  let onDone!: () => void;
  const done = new Promise<void>((resolve) => (onDone = resolve));
  const greeted: Promise<unknown>[] = [];
  for (let index = 0; index < CLIENTS; index++) {
    const iterator = pubSub.asyncIterator(topics[index % TOPICS]!);
    const greeting = iterator.next();
    greeted.push(greeting);
    void (async () => {
      await greeting;
      for (;;) {
        const { done: isOver, value } = await iterator.next();
        if (isOver) return;
        if ('orderPaid' in (value as object) && ++count === DELIVERIES) onDone();
      }
    })();
  }
  await Promise.all(greeted.splice(0));
  const memory = (heapUsed() - before) / CLIENTS;
  process.send!('ready');
  await once(process, 'message');
  const cpu = process.cpuUsage();
  process.send!('started');
  await done;
  const { user, system } = process.cpuUsage(cpu);
  process.send!({ cpu: (user + system) / DELIVERIES, memory });
  process.disconnect();
  await pubSub.close();
}

if (process.argv[2] === 'deliver') {
  await deliver(process.argv.slice(3));
  process.exit();
} else {
  await using server = await RedisServer.start();
  console.log(await versions(server.url));
  const names = Object.keys(CONTESTANTS) as Contestant[];
  const reports = new Map(names.map((name) => [name, [] as Report[]]));
  for (let round = 0; round < ROUNDS; round++)
    for (const name of shuffled(names)) reports.get(name)!.push(await measure(server.url, name));
  console.log(`\n${CLIENTS} clients on ${TOPICS} topics, ${ROUNDS} rounds`);
  const reference = reports.get('graphql-redis-subscriptions')!.map(({ cpu }) => cpu);
  for (const [name, own] of reports) {
    const costs = own.map(({ cpu }) => cpu);
    const cpu = spread(costs).median.toFixed(2);
    const memory = (spread(own.map((report) => report.memory)).median / 1_024).toFixed(1);
    const ratio = ratios(costs, reference).median.toFixed(2);
    console.log(`${name.padEnd(33)} ${cpu} µs of CPU a delivery (${ratio}), ${memory} kB a client`);
  }
}
