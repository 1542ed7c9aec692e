// Ends a session when a keyspace notification reports that its key has expired.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/keyspace-notifications.ts

import { createClient } from 'redis';
import { filter, firstValueFrom } from 'rxjs';
import { iterate, keyspace, KeyspaceConfigError, Receiver } from 'rx-redis-receiver';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const client = createClient({ url });
client.on('error', console.error);
await client.connect();

await using receiver = await Receiver.open(url);
const expired = keyspace(receiver, { keys: 'session:*', events: 'expired' });

// Off by default: the error has the value to set.
await client.configSet('notify-keyspace-events', '');
const error: unknown = await firstValueFrom(expired).catch((reason: unknown) => reason);
if (!(error instanceof KeyspaceConfigError)) throw error;
console.log(`CONFIG SET notify-keyspace-events ${error.needed}`);
await client.configSet('notify-keyspace-events', error.needed);

const subscribed = firstValueFrom(receiver.events.pipe(filter(({ type }) => type === 'subscribed')));
const notifications = iterate(expired);
const first = notifications.next();
await subscribed;

const sessions = new Set(['session:ada', 'session:grace', 'session:hedy']);
let milliseconds = 20;
for (const key of sessions) {
  await client.set(key, 'signed in', { expiration: { type: 'PX', value: milliseconds } });
  milliseconds *= 2;
}

for (let next = await first; !next.done; next = await notifications.next()) {
  const { event, key, db } = next.value;
  if (!sessions.delete(key)) continue;
  console.log(`${key}: ${event} in database ${db}, ${sessions.size} left`);
  if (sessions.size === 0) break;
}

await notifications.return?.();
client.destroy();
