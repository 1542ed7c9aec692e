// Reads a Redis stream at the pace of the consumer, stops, and goes on behind the last entry.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/read-streams.ts

import assert from 'node:assert/strict';
import { createClient } from 'redis';
import { json, Receiver } from 'rx-redis-receiver';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const client = createClient({ url });
client.on('error', console.error);
await client.connect();

const KEY = 'orders';
await client.del(KEY);
const add = async (...orders: number[]) => {
  for (const order of orders) await client.xAdd(KEY, '*', { order: JSON.stringify({ order }), by: 'shop' });
};

let handled = 'start';
const seen: number[] = [];

/** Handles so many orders, from the last one on. */
async function work(count: number): Promise<void> {
  // The queue has room for four entries. The others wait in Redis, and none is dropped.
  const receiver = await Receiver.open(url, { capacity: 4, overflow: 'drop-oldest' });
  const orders = receiver.stream(KEY, { from: handled, field: 'order', codec: json<{ order: number }>() });
  receiver.events.subscribe((event) => {
    if (event.type === 'gap') console.log(`  ${event.gap.dropped} orders were trimmed unread`);
  });
  for await (const { id, data } of orders) {
    console.log(`order ${data.order}`);
    seen.push(data.order);
    handled = id!;
    if (--count === 0) break;
  }
  await receiver.stop();
}

await add(1, 2, 3, 4, 5, 6, 7, 8);
await work(5);

console.log('The program stops, and orders come in.');
await add(9, 10);
await work(5);
assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

await client.del(KEY);
client.destroy();
