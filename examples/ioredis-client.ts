// Receives messages with a client of ioredis, by channel and by pattern, and publishes with another one.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/ioredis-client.ts

import { Redis } from 'ioredis';
import { json, Receiver } from 'rx-redis-receiver';
import { fromIoredis } from 'rx-redis-receiver/ioredis';

interface Order {
  readonly id: number;
  readonly total: number;
}

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379');
// Receivers get a connection of their own: on RESP2, a subscribed connection takes no other commands.
const subscriber = redis.duplicate();
const receiver = new Receiver(fromIoredis(subscriber), { codec: json<Order>() });
receiver.channel('orders').subscribe(({ data }) => console.log(`order ${data.id}: ${data.total}`));
receiver.pattern('orders:*').subscribe(({ channel, data }) => console.log(`${channel}: ${data.total}`));
await receiver.connect();

await redis.publish('orders', JSON.stringify({ id: 1, total: 30 }));
await redis.publish('orders:express', JSON.stringify({ id: 2, total: 45 }));
await receiver.drain();
console.log(receiver.stats.received, 'received');
redis.disconnect();
subscriber.disconnect();
