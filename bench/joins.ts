// Measures the cost of joining and leaving, at n and at 4n: a ratio of about 4 is linear, one of about 16 quadratic.
// Run it: npm run bench:joins

import { setImmediate as immediate } from 'node:timers/promises';
import { createClient } from 'redis';
import { elementAt, filter, firstValueFrom, Subject } from 'rxjs';
import { hydrate, Receiver } from '../lib/index.js';
import { MemoryPubSub } from '../lib/testing/index.js';
import { RedisServer } from '../spec/support/redis-server.js';
import { versions } from './versions.js';

const ROUNDS = 5;

/** Times in milliseconds. */
interface Times {
  readonly joining: number;
  readonly leaving: number;
}

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
    title: 'observers of a room each, which leave it',
    count: 2_000,
    async run(count) {
      const receiver = new Receiver(client);
      const rooms = own(count).map((name) => receiver.channel(name));
      const observers = rooms.map((room) => room.subscribe());
      await Promise.all(rooms.map((room) => room.whenSubscribed()));
      return async () => {
        const haveLeft = firstValueFrom(
          receiver.events.pipe(
            filter(({ type }) => type === 'unsubscribed'),
            elementAt(count - 1),
          ),
        );
        for (const observer of observers) observer.unsubscribe();
        await haveLeft;
        await receiver.stop();
      };
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

async function time({ run }: Join, count: number): Promise<Times> {
  const begun = performance.now();
  const leave = await run(count);
  const joined = performance.now();
  await leave();
  return { joining: joined - begun, leaving: performance.now() - joined };
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

/** Returns the cells of one time: medians at n and at 4n, and the median of the ratios. */
function cells(pairs: readonly [Times, Times][], which: keyof Times): readonly string[] {
  const times = pairs.map(([few, many]) => [few[which], many[which]] as const);
  return [
    `${median(times.map(([few]) => few)).toFixed(1)} ms`,
    `${median(times.map(([, many]) => many)).toFixed(1)} ms`,
    median(times.map(([few, many]) => many / few)).toFixed(1),
  ];
}

function printLine(title: string, line: readonly (string | number)[]): void {
  console.log(title.padEnd(46), ...line.map((cell) => String(cell).padStart(11)));
}

console.log(`${await versions(server.url)}; ${ROUNDS} rounds, medians`);
printLine('', ['n', 'join n', 'join 4n', 'ratio', 'leave n', 'leave 4n', 'ratio']);
for (const join of JOINS) {
  const pairs: [Times, Times][] = [];
  await time(join, join.count);
  for (let round = 0; round < ROUNDS; round++)
    pairs.push([await time(join, join.count), await time(join, 4 * join.count)]);
  printLine(join.title, [join.count, ...cells(pairs, 'joining'), ...cells(pairs, 'leaving')]);
}
client.destroy();
process.exit();
