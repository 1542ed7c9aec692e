// Measures the cost of joining, at n and at 4n: a ratio of about 4 is linear, one of about 16 quadratic.
// Run it: npm run bench:joins

import { setImmediate as immediate } from 'node:timers/promises';
import { createClient } from 'redis';
import { Subject } from 'rxjs';
import { hydrate, Receiver } from '../lib/index.js';
import { MemoryPubSub } from '../lib/testing/index.js';
import { RedisServer } from '../spec/support/redis-server.js';

const ROUNDS = 5;

interface Join {
  readonly title: string;
  readonly count: number;
  /** Joins `count` times, and returns the function that leaves again. */
  run(count: number): Promise<() => unknown>;
}

await using server = await RedisServer.start();
const client = await createClient({ url: server.url }).connect();
const own = (count: number) => Array.from({ length: count }, (_, index) => `room:${index}`);

const JOINS: readonly Join[] = [
  {
    title: 'observers of a Subject, for comparison',
    count: 4_000,
    run(count) {
      const subject = new Subject();
      for (let i = 0; i < count; i++) subject.subscribe();
      return Promise.resolve(() => subject.complete());
    },
  },
  {
    title: 'observers of one Channel',
    count: 4_000,
    async run(count) {
      const receiver = new Receiver(client);
      const channel = receiver.channel('one');
      for (let i = 0; i < count; i++) channel.subscribe();
      await channel.whenSubscribed();
      return () => receiver.stop();
    },
  },
  {
    title: 'Receivers on one client and name',
    count: 2_000,
    async run(count) {
      const receivers = own(count).map(() => new Receiver(client));
      for (const receiver of receivers) receiver.channel('one').subscribe();
      await receivers.at(-1)?.channel('one').whenSubscribed();
      return () => Promise.all(receivers.map((receiver) => receiver.stop()));
    },
  },
  {
    title: 'channel() and await connect(), a room each',
    count: 1_000,
    async run(count) {
      const receiver = new Receiver(client);
      for (const name of own(count)) {
        receiver.channel(name);
        await receiver.connect();
      }
      return () => receiver.stop();
    },
  },
  {
    title: 'one connect() of many rooms',
    count: 25_000,
    async run(count) {
      const receiver = new Receiver(client);
      for (const name of own(count)) receiver.channel(name);
      await receiver.connect();
      return () => receiver.stop();
    },
  },
  {
    title: 'get(), answered by one message each',
    count: 25_000,
    async run(count) {
      const pubSub = new MemoryPubSub();
      const receiver = new Receiver(pubSub);
      receiver.channel('one');
      await receiver.connect();
      const messages = own(count).map(() => receiver.get());
      await immediate();
      for (const message of own(count)) pubSub.publish('one', message);
      await Promise.all(messages);
      return () => receiver.stop();
    },
  },
  {
    title: 'channel.events, a room each',
    count: 2_000,
    async run(count) {
      const receiver = new Receiver(client);
      for (const name of own(count)) receiver.channel(name).events.subscribe();
      await receiver.connect();
      return () => receiver.stop();
    },
  },
  {
    title: 'hydrate, a room each',
    count: 1_000,
    async run(count) {
      const receiver = new Receiver(client);
      const rooms = own(count).map(
        (name) =>
          new Promise<void>((resolve) => {
            hydrate(receiver.channel(name), () => [name]).subscribe(() => resolve());
          }),
      );
      await Promise.all(rooms);
      return () => receiver.stop();
    },
  },
];

async function time({ run }: Join, count: number): Promise<number> {
  const begun = performance.now();
  const leave = await run(count);
  const joined = performance.now() - begun;
  await leave();
  return joined;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

console.log(`node ${process.version}, ${ROUNDS} rounds, medians`);
for (const join of JOINS) {
  const pairs: [number, number][] = [];
  await time(join, join.count);
  for (let round = 0; round < ROUNDS; round++)
    pairs.push([await time(join, join.count), await time(join, 4 * join.count)]);
  const [once, four] = [0, 1].map((index) => median(pairs.map((pair) => pair[index] as number)));
  const ratio = median(pairs.map(([few, many]) => many / few));
  const cells = [
    join.count,
    `${once?.toFixed(1)} ms`,
    4 * join.count,
    `${four?.toFixed(1)} ms`,
    ratio.toFixed(1),
  ];
  console.log(join.title.padEnd(44), ...cells.map((cell) => String(cell).padStart(11)));
}
client.destroy();
process.exit();
