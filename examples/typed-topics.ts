// Orders, rooms and presence: a service and a publisher that share the declaration in examples/topics/events.ts.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/typed-topics.ts

import { createClient } from 'redis';
import { Receiver } from 'rx-redis-receiver';
import { events } from './topics/events.js';
import { publishDay } from './topics/publisher.js';
import { log, online, revenue } from './topics/service.js';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const client = await createClient({ url }).connect();

const receiver = await Receiver.open(url, { topics: events });
receiver.events.subscribe((event) => {
  if (event.type === 'decode-error') console.log(`refused: ${event.error.raw.channel}`);
  if (event.type === 'unmatched') console.log(`unmatched: ${event.channel}`);
});
log(receiver).subscribe((line) => console.log(line));

let sum = 0;
let users: readonly string[] = [];
revenue(receiver).subscribe((paid) => (sum = paid));
online(receiver).subscribe((present) => (users = present));
await receiver.connect();

await publishDay(client);

// Publishers that do not know the topics cannot harm the service.
await client.publish('order:8:paid', '{"customer":"eve","total":-1000000}');
await client.publish('order:eight:paid', '{"customer":"eve","total":1}');

await receiver.drain();
client.destroy();
console.log(`revenue ${sum.toFixed(2)}, online: ${users.join(', ')}`);
