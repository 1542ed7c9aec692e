// A copy of a hash that reads the hash once: the snapshot comes with the id of the last change, and the changes are followed
// from there, through lost connections and restarts.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/lasting-mirror.ts

import assert from 'node:assert/strict';
import { createClient } from 'redis';
import { filter, firstValueFrom, ReplaySubject } from 'rxjs';
import { GapError, json, Receiver, recoverable, RecoveryError } from 'rx-redis-receiver';

type Prices = Readonly<Record<string, string>>;

/** The prices, and the id of the last change in them: what a program stores, in one step, before it ends. */
interface Copy {
  readonly prices: Prices;
  readonly id: string;
}

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const HASH = 'board:{prices}';
const LOG = 'log:{prices}';

const client = createClient({ url });
client.on('error', console.error);
await client.connect();
const publisher = recoverable(client, { keep: 1_000 });

// The hash first, so that it has every change whose message is in the log.
async function setPrices(prices: Prices): Promise<void> {
  await Promise.all([client.hSet(HASH, prices), publisher.publish('prices', JSON.stringify(prices))]);
}

const copies = new ReplaySubject<Copy>(1);
function keep(copy: Copy, origin: string): Copy {
  console.log(`  ${origin}: ${list(copy.prices)}`);
  copies.next(copy);
  return copy;
}

function list(prices: Prices): string {
  return Object.entries(prices)
    .map(([name, price]) => `${name} ${price}`)
    .join(', ');
}

async function readSnapshot(): Promise<Copy> {
  const [prices, newest] = await client
    .multi()
    .hGetAll(HASH)
    .xRevRange(LOG, '+', '-', { COUNT: 1 })
    .execTyped();
  return { prices: { ...prices }, id: newest?.[0]?.id ?? 'start' };
}

/** Keeps a copy up to date, until the signal aborts. */
async function mirror(signal: AbortSignal, saved?: Copy): Promise<void> {
  let copy = saved ?? keep(await readSnapshot(), 'snapshot');
  const follow = async () => {
    const receiver = await Receiver.open({ url, name: 'mirror' }, { codec: json<Prices>(), onGap: 'error' });
    const stop = () => void receiver.stop();
    signal.addEventListener('abort', stop);
    receiver.channel('prices', { recover: { from: copy.id } });
    if (signal.aborted) stop();
    try {
      for await (const { id = copy.id, data } of receiver)
        copy = keep({ prices: { ...copy.prices, ...data }, id }, 'change');
    } finally {
      signal.removeEventListener('abort', stop);
      await receiver.stop();
    }
  };
  while (!signal.aborted) {
    try {
      await follow();
    } catch (error) {
      // Only if the log does not have all changes since the copy any more.
      if (!(error instanceof GapError || (error as Error).cause instanceof RecoveryError)) throw error;
      copy = keep(await readSnapshot(), 'snapshot');
    }
  }
}

const shows = (name: string, price: string) =>
  firstValueFrom(copies.pipe(filter(({ prices }) => prices[name] === price)));

await setPrices({ tea: '3.00', cake: '4.50' });
let ending = new AbortController();
let running = mirror(ending.signal);
await shows('cake', '4.50');
await setPrices({ tea: '3.10' });
await shows('tea', '3.10');

console.log('the connection is killed, and two prices change');
const killed = async (change: () => Promise<void>) => {
  const { id } = (await client.clientList()).find(({ name, sub }) => name === 'mirror' && sub > 0)!;
  await Promise.all([client.sendCommand(['CLIENT', 'KILL', 'ID', String(id)]), change()]);
};
await killed(() => setPrices({ tea: '3.20' }));
await setPrices({ scone: '2.80' });
await shows('scone', '2.80');

console.log('the mirror ends, a price changes, and the mirror starts again');
ending.abort();
await running;
const saved = await firstValueFrom(copies);
await setPrices({ cake: '4.75' });
ending = new AbortController();
running = mirror(ending.signal, saved);
await shows('cake', '4.75');

console.log('the log is deleted, and the connection is killed');
await client.del(LOG);
await killed(() => setPrices({ tea: '3.30' }));
const { prices } = await shows('tea', '3.30');
assert.deepEqual(prices, { ...(await client.hGetAll(HASH)) });

ending.abort();
await running;
await client.del([HASH, LOG]);
client.destroy();
