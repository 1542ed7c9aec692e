// Mirrors a value through a lost connection: after each gap it takes a fresh snapshot, and goes on with the messages.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/survive-reconnect.ts

import { createClient } from 'redis';
import { concat, defer, filter, firstValueFrom, map } from 'rxjs';
import { Receiver, retryRecoverable } from 'rx-redis-receiver';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const client = createClient({ url });
client.on('error', console.error);
await client.connect();

// The publisher of a price also stores it, so that a missed price can still be read.
const setPrice = (price: string) => client.multi().set('price', price).publish('price', price).exec();
await setPrice('100');

// With onGap 'error' an error stands in the stream where messages may be missing.
const receiver = await Receiver.open({ url, name: 'mirror' }, { onGap: 'error' });
receiver.channel('price');
receiver.events.subscribe(({ type }) => console.log(`           ${type}`));
await receiver.connect();

const snapshot = defer(() => client.get('price')).pipe(map((price) => `${String(price)}  snapshot`));
const changes = receiver.pipe(map(({ data }) => `${data}  message`));
concat(snapshot, changes)
  .pipe(retryRecoverable())
  .subscribe((price) => console.log(price));

await setPrice('101');

// The connection is killed, and the price changes before it is back: that message is lost.
const gap = firstValueFrom(receiver.events.pipe(filter(({ type }) => type === 'gap')));
const { id } = (await client.clientList()).find(({ name }) => name === 'mirror') ?? {};
await Promise.all([client.sendCommand(['CLIENT', 'KILL', 'ID', String(id)]), setPrice('102')]);
await gap;

await setPrice('103');
await receiver.drain();
client.destroy();
