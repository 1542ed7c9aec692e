import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RedisServer } from '../../spec/support/redis-server.js';
import { Publisher } from '../publisher.js';
import { CONSUMERS } from './consumers.js';
import type { Sample, Task } from './protocol.js';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '50000' },
    speed: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '20' },
    payload: { type: 'string', default: '256' },
  },
});
const [rate, speed, seconds, payload] = [values.rate, values.speed, values.seconds, values.payload].map(
  Number,
) as [number, number, number, number];
const BATCHES = 100;
/** Seconds for the consumer to handle the messages that wait at the end. */
const MAX_WAIT = 30;

interface Outcome {
  readonly title: string;
  readonly samples: Sample[];
  readonly sent: number;
  readonly end: Sample;
}

/** Runs one consumer, in a fresh process on a Redis with its default limits. */
async function run(title: string): Promise<Outcome> {
  await using redis = await RedisServer.start();
  await using publisher = await Publisher.connect(redis.url);
  const task: Task = { consumer: title, url: redis.url, channel: 'load:0', speed };
  const child = fork(join(import.meta.dirname, 'consumer-process.ts'), [JSON.stringify(task)]);
  await once(child, 'message');
  const sample = async () => {
    child.send('sample');
    const [message] = (await once(child, 'message')) as [Sample];
    return message;
  };

  const samples: Sample[] = [];
  let sent = 0;
  const start = performance.now();
  for (let batch = 0; batch < seconds * BATCHES; batch++) {
    const count = rate / BATCHES;
    await publisher.publish({ prefix: 'load:', channels: 1, payload, first: sent, count });
    sent += count;
    const ahead = start + ((batch + 1) * 1_000) / BATCHES - performance.now();
    if (ahead > 0) await delay(ahead);
    if ((batch + 1) % BATCHES === 0) samples.push(await sample());
  }
  let end = await sample();
  for (let wait = 0; wait < MAX_WAIT && end.handled + end.dropped < sent; wait++) {
    if (end.cuts > 0) break;
    await delay(1_000);
    end = await sample();
  }
  child.disconnect();
  await once(child, 'exit');
  return { title, samples, sent, end };
}

const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
const text = (count: number) => count.toLocaleString('en-US');

console.log(`${text(rate)} messages a second arrive for ${seconds} s, ${text(speed)} a second are handled\n`);
const outcomes: Outcome[] = [];
for (const title of Object.keys(CONSUMERS)) outcomes.push(await run(title));

const widths = outcomes.map(({ title }) => title.length + 2);
const row = (head: string, cells: string[]) =>
  console.log(head.padEnd(12) + cells.map((cell, index) => cell.padStart(widths[index] as number)).join(''));
row(
  'memory at',
  outcomes.map(({ title }) => title),
);
for (let second = 1; second < seconds; second += Math.max(1, Math.floor(seconds / 10))) {
  row(
    `${second + 1} s`,
    outcomes.map(({ samples }) => megabytes(samples[second]?.memory ?? 0)),
  );
}
row(
  'highest',
  outcomes.map(({ samples }) => megabytes(Math.max(...samples.map(({ memory }) => memory)))),
);
console.log();
row(
  'sent',
  outcomes.map(({ sent }) => text(sent)),
);
row(
  'received',
  outcomes.map(({ end }) => text(end.received)),
);
row(
  'handled',
  outcomes.map(({ end }) => text(end.handled)),
);
row(
  'dropped',
  outcomes.map(({ end }) => text(end.dropped)),
);
row(
  'unexplained',
  outcomes.map(({ sent, end }) => text(sent - end.handled - end.dropped)),
);
row(
  'cut by Redis',
  outcomes.map(({ end }) => `${end.cuts} times`),
);
