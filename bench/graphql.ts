// Measures the CPU of a delivery to a GraphQL client, and the memory of a client, beside graphql-redis-subscriptions, and
// beside another checkout if one is given.
// Run it: npm run bench:graphql -- [ROUNDS] [CHECKOUT]

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pace } from 'node:timers/promises';
import { createClient } from 'redis';
import { temporaryFolder } from '../scripts/temporary-folder.js';
import { RedisServer } from '../spec/support/redis-server.js';
import type { DeliveryReport, DeliveryTask } from './measured/deliver-graphql.js';
import { takeSnapshot } from './snapshot.js';
import { ratios, shuffled, spread } from './statistics.js';
import { versions } from './versions.js';

const ROUNDS = Number(process.argv[2] ?? 5);
const COMPARED = process.argv[3];
const CLIENTS = 1_000;
const TOPICS = 100;
/** The messages on each topic; every one is a delivery to each of the topic's clients. */
const MESSAGES = 400;
const WARM_UP = 200;
const PAYLOAD = { orderPaid: { id: 7, text: 'x'.repeat(150) } };
const GREETING = {};
const topics = Array.from({ length: TOPICS }, (_, index) => `order:${index}`);

interface Contestant {
  readonly title: string;
  readonly way: DeliveryTask['way'];
  readonly snapshot: string;
}

using folder = temporaryFolder();
const snapshotOf = (checkout: string, name: string) => takeSnapshot(checkout, join(folder.path, name));
const snapshot = snapshotOf('.', 'own');
const contestants: Contestant[] = [
  { title: 'graphql-redis-subscriptions', way: 'other', snapshot },
  { title: 'graphql-redis-subscriptions again', way: 'other', snapshot },
  { title: 'rx-redis-receiver/graphql', way: 'own', snapshot },
];
if (COMPARED !== undefined) {
  const compared = snapshotOf(COMPARED, 'compared');
  contestants.push({ title: 'rx-redis-receiver/graphql, compared', way: 'own', snapshot: compared });
}
await using server = await RedisServer.start();
console.log(await versions(server.url));

const reports = new Map(contestants.map((contestant) => [contestant, [] as DeliveryReport[]]));
for (let round = 0; round < ROUNDS; round++)
  for (const contestant of shuffled(contestants)) reports.get(contestant)!.push(await measure(contestant));

console.log(`\n${CLIENTS} clients on ${TOPICS} topics, ${ROUNDS} rounds`);
const reference = reports.get(contestants[0]!)!.map(({ cpu }) => cpu);
for (const [{ title }, own] of reports) {
  const costs = own.map(({ cpu }) => cpu);
  const cpu = spread(costs).median.toFixed(2);
  const memory = (spread(own.map((report) => report.memory)).median / 1_024).toFixed(1);
  const ratio = ratios(costs, reference).median.toFixed(2);
  console.log(`${title.padEnd(35)} ${cpu} µs of CPU a delivery (${ratio}), ${memory} kB a client`);
}

async function measure({ way, snapshot: at }: Contestant): Promise<DeliveryReport> {
  const publisher = await createClient({ url: server.url }).connect();
  const publishAll = (payload: object) =>
    Promise.all(topics.map((topic) => publisher.publish(topic, JSON.stringify(payload))));
  const task: DeliveryTask = {
    url: server.url,
    way,
    clients: CLIENTS,
    topics,
    warmUp: WARM_UP,
    messages: MESSAGES,
  };
  // In a process of its own, so that the subscriber alone is measured, and without the flags of the one that compiles.
  const child = fork(join(at, 'measured/deliver-graphql.js'), [JSON.stringify(task)], { execArgv: [] });
  const readiness = { isReady: false };
  const ready = once(child, 'message').then(() => (readiness.isReady = true));
  // A client may be subscribed later than its channel.
  while (!readiness.isReady) await Promise.race([ready, publishAll(GREETING).then(() => pace(50))]);
  const reported = once(child, 'message') as Promise<[DeliveryReport]>;
  for (let message = 0; message < WARM_UP + MESSAGES; message++) await publishAll(PAYLOAD);
  await publisher.close();
  const [report] = await reported;
  child.disconnect();
  return report;
}
