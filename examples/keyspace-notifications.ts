// Ends a session when a keyspace notification reports that its key has expired.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/keyspace-notifications.ts

import { createClient } from 'redis';
import { Receiver } from 'rx-redis-receiver';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const client = createClient({ url });
client.on('error', console.error);
await client.connect();

// Off by default. E: events by kind of event, x: expired keys.
await client.configSet('notify-keyspace-events', 'Ex');

await using receiver = await Receiver.open(url);
receiver.pattern('__keyevent@*__:expired');
await receiver.connect();

const sessions = new Set(['session:ada', 'session:grace', 'session:hedy']);
let milliseconds = 20;
for (const key of sessions) {
  await client.set(key, 'signed in', { expiration: { type: 'PX', value: milliseconds } });
  milliseconds *= 2;
}

for await (const { data: key } of receiver) {
  if (!sessions.delete(key)) continue;
  console.log(`${key} has expired, ${sessions.size} left`);
  if (sessions.size === 0) break;
}

client.destroy();
