// A price board that stays correct after a killed connection: after the gap, hydrate reads all prices again.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/price-board.ts

import assert from 'node:assert/strict';
import { createClient } from 'redis';
import { BehaviorSubject, filter, firstValueFrom, scan, tap } from 'rxjs';
import { hydrate, json, Receiver, type Hydrated } from 'rx-redis-receiver';

type Prices = Readonly<Record<string, string>>;
type Part = Hydrated<Prices, Prices>;

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const client = createClient({ url });
client.on('error', console.error);
await client.connect();

// Stores the prices in a hash and publishes the change, in one transaction.
async function setPrices(prices: Prices, transaction = client.multi()) {
  console.log(`set ${list(prices)}`);
  const change = transaction.hSet('price-board', prices).publish('price-board', JSON.stringify(prices));
  return { receivers: (await change.exec()).at(-1) };
}

function list(prices: Prices): string {
  return Object.entries(prices)
    .map(([name, price]) => `${name} ${price}`)
    .join(', ');
}

await setPrices({ tea: '3.00', cake: '4.50' });

const receiver = await Receiver.open({ url, name: 'price-board' }, { codec: json<Prices>() });
const changes = receiver.channel('price-board');
receiver.events.subscribe(({ type }) => console.log(`  ${type}`));

const pricesOf = (part: Part) => (part.kind === 'snapshot' ? part.snapshot : part.message.data);
const board = new BehaviorSubject<Prices>({});
hydrate(changes, () => client.hGetAll('price-board'))
  .pipe(
    tap((part) => console.log(`  ${part.kind}: ${list(pricesOf(part))}`)),
    scan<Part, Prices>((prices, part) => ({ ...(part.kind === 'message' && prices), ...pricesOf(part) }), {}),
  )
  .subscribe(board);

const shows = (name: string, price: string) =>
  firstValueFrom(board.pipe(filter((prices) => prices[name] === price)));

await shows('cake', '4.50');
await setPrices({ tea: '3.10' });
await shows('tea', '3.10');

// One transaction kills the board's connection and changes two prices, so the board cannot receive the message.
const { id } = (await client.clientList()).find(({ name }) => name === 'price-board')!;
const kill = client.multi().addCommand(['CLIENT', 'KILL', 'ID', String(id)]);
const { receivers } = await setPrices({ tea: '3.20', scone: '2.80' }, kill);
assert.equal(receivers, 0);
await shows('scone', '2.80');

await setPrices({ cake: '4.75' });
await shows('cake', '4.75');

assert.deepEqual(board.value, { ...(await client.hGetAll('price-board')) });
console.log(`the board is as the hash: ${list(board.value)}`);

await receiver.stop();
await client.del('price-board');
client.destroy();
