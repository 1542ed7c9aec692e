// Lets only valid orders through, typed by their schema; the others are set aside as they came.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/validated-orders.ts

import { createClient } from 'redis';
import { filter, map } from 'rxjs';
import { Receiver, retryRecoverable, validated } from 'rx-redis-receiver';
import { z } from 'zod';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const client = createClient({ url });
client.on('error', console.error);
await client.connect();

const Order = z.object({ id: z.string(), total: z.number().positive() });

const receiver = await Receiver.open(url, { codec: validated(Order) });
receiver.channel('orders');
await receiver.connect();

receiver.events
  .pipe(
    filter((event) => event.type === 'decode-error'),
    map(({ error }) => error),
  )
  .subscribe(({ raw, cause }) =>
    console.log(`set aside  ${raw.data.toString().padEnd(25)} ${String(cause)}`),
  );

// A message that does not decode is an error in the stream: retryRecoverable() goes on with the next one.
receiver
  .pipe(
    retryRecoverable(),
    map(({ data }) => data),
  )
  .subscribe(({ id, total }) => console.log(`order ${id} over ${total.toFixed(2)}`));

await client.publish('orders', '{"id":"A1","total":12.5}');
await client.publish('orders', '{"id":"A2","total":-1}');
await client.publish('orders', 'an order of tea');
await client.publish('orders', '{"id":"A3","total":99}');

await receiver.drain();
client.destroy();
