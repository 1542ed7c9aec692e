// Misses no message of a lost connection: the publisher keeps a log, and the Channel reads on from it.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/recover-messages.ts

import assert from 'node:assert/strict';
import { createClient } from 'redis';
import { filter, firstValueFrom, map, share, tap } from 'rxjs';
import { Receiver, recoverable } from 'rx-redis-receiver';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const client = createClient({ url });
client.on('error', console.error);
await client.connect();

// Each message is appended to the stream log:{numbers} and published in one step.
const publisher = recoverable(client, { keep: 1_000, keepFor: 60_000 });
const publish = (...list: number[]) =>
  Promise.all(list.map(async (number) => publisher.publish('numbers', String(number))));

const receiver = await Receiver.open({ url, name: 'counter' });
receiver.channel('numbers', { recover: {} });

const seen: number[] = [];
const numbers = receiver.pipe(
  map(({ data }) => Number(data)),
  tap((number) => seen.push(number)),
  share(),
);
numbers.subscribe((number) => console.log(number));
const sees = (wanted: number) => firstValueFrom(numbers.pipe(filter((number) => number === wanted)));
await receiver.connect();

const three = sees(3);
await publish(1, 2, 3);
await three;

// The connection is killed, and 4 to 8 are published before it is back: Redis has no subscriber for them.
receiver.events.subscribe(({ type }) => console.log(`  ${type}`));
const recovered = firstValueFrom(receiver.events.pipe(filter((event) => event.type === 'recovered')));
const { id } = (await client.clientList()).find(({ name, sub }) => name === 'counter' && sub > 0)!;
const killed = client.sendCommand(['CLIENT', 'KILL', 'ID', String(id)]);
const counts = await publish(4, 5, 6, 7, 8);
await killed;
assert.deepEqual(counts, [0, 0, 0, 0, 0]);
const { count } = await recovered;

const nine = sees(9);
await publish(9);
await nine;

assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
const { gaps } = receiver.stats;
console.log(`9 published, ${seen.length} received, ${count} of them from the log, ${gaps} gaps`);

await receiver.stop();
await client.del('log:{numbers}');
client.destroy();
