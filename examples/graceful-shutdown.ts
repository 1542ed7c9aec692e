// Ends on SIGTERM without losing what was published before: drain() unsubscribes, and the loop takes the rest.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/graceful-shutdown.ts

import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { Receiver } from 'rx-redis-receiver';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const receiver = await Receiver.open(url);
receiver.channel('jobs');
await receiver.connect();

process.once('SIGTERM', () => {
  console.log('SIGTERM: no new jobs');
  void receiver.drain();
});

// Another client publishes five jobs; then the process receives a signal to end.
const client = createClient({ url });
client.on('error', console.error);
await client.connect();
for (const job of ['wash', 'rinse', 'spin', 'dry', 'fold']) await client.publish('jobs', job);
client.destroy();
process.kill(process.pid, 'SIGTERM');

for await (const { data: job } of receiver) {
  await delay(20);
  console.log(`done: ${job}`);
}
console.log(`ended, ${receiver.stats.delivered} jobs done, ${receiver.stats.buffered} left`);
