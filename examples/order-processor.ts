// Four handlers at a time, and the orders of one customer one by one. What is too much is refused, and counted.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/order-processor.ts

import { createClient } from 'redis';
import { map } from 'rxjs';
import { json, mergeMapBounded, Receiver } from 'rx-redis-receiver';

interface Order {
  readonly customer: string;
  readonly number: number;
}

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const client = createClient({ url });
client.on('error', console.error);
await client.connect();

const atWork = new Set<string>();
let most = 0;
const refused: string[] = [];

// Nothing is packed before the warehouse opens: until then the handlers are busy, and orders have to wait.
let open = () => {};
const opened = new Promise<void>((resolve) => (open = resolve));

async function pack({ customer, number }: Order): Promise<void> {
  console.log(`start ${customer} ${number}`);
  atWork.add(customer);
  most = Math.max(most, atWork.size);
  await opened;
  await client.rPush(`packed:${customer}`, String(number));
  atWork.delete(customer);
}

const receiver = await Receiver.open(url, { codec: json<Order>() });
receiver.pattern('orders:*');
const done = receiver
  .pipe(
    map(({ data }) => data),
    mergeMapBounded(pack, {
      concurrent: 4,
      key: ({ customer }) => customer,
      capacity: 6,
      overflow: 'drop-incoming',
      onDrop: ({ customer, number }) => refused.push(`${customer} ${number}`),
    }),
  )
  .forEach(() => {});
await receiver.connect();

// Twelve orders come in three ways: four start, six wait, two are too much.
const numbers = new Map<string, number>();
const ways = ['orders:web', 'orders:shop', 'orders:phone'];
for (const customer of ['ada', 'bob', 'ada', 'cy', 'dee', 'eve', 'bob', 'ada', 'cy', 'eve', 'dee', 'ada']) {
  const number = (numbers.get(customer) ?? 0) + 1;
  numbers.set(customer, number);
  await client.publish(ways[number % ways.length]!, JSON.stringify({ customer, number }));
}
await receiver.drain(); // all of them have come, and no more will

console.log('--- the warehouse opens');
open();
await done;

console.log(`--- ${most} customers side by side`);
for (const customer of numbers.keys()) {
  const packed = await client.lRange(`packed:${customer}`, 0, -1);
  console.log(`packed for ${customer}: ${packed.join(' ')}`);
  await client.del(`packed:${customer}`);
}
console.log(`refused: ${refused.join(', ')}`);
client.destroy();
