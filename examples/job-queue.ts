// Shares jobs among workers, tries a failed job again, and moves a hopeless one to the dead letters.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/job-queue.ts

import { createClient } from 'redis';
import { filter, firstValueFrom, merge, Subject, take, toArray } from 'rxjs';
import { json, mergeMapBounded, Receiver, type GroupMessage } from 'rx-redis-receiver';

interface Mail {
  readonly to: string;
}

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const client = createClient({ url });
client.on('error', console.error);
await client.connect();
await client.del(['mails', 'mails:dead']);

const sent = new Subject<string>();

/** A mail server that is busy at first, and does not know everybody. */
async function send(to: string, attempt: number): Promise<void> {
  await client.ping();
  if (to === 'nobody' || (to === 'bob' && attempt < 3)) throw new Error(`550 ${to}`);
}

async function handle({ data: { to }, deliveries, nack }: GroupMessage<Mail>): Promise<void> {
  try {
    await send(to, deliveries);
    sent.next(`${to}, attempt ${deliveries}`);
  } catch {
    nack(); // this mail is tried again, and the others go on
  }
}

async function startWorker(): Promise<Receiver> {
  const receiver = await Receiver.open(url);
  const mails = receiver.stream('mails', {
    group: 'senders',
    field: 'mail',
    codec: json<Mail>(),
    claimAfter: 500, // milliseconds until the next attempt
    maxDeliveries: 3,
    deadLetter: 'mails:dead',
  });
  mails.pipe(mergeMapBounded(handle, { concurrent: 4 })).subscribe();
  await mails.whenSubscribed();
  return receiver;
}

const workers = await Promise.all([startWorker(), startWorker()]);
const buried = firstValueFrom(
  merge(...workers.map(({ events }) => events)).pipe(filter((event) => event.type === 'dead-letter')),
);
const three = firstValueFrom(sent.pipe(take(3), toArray()));

for (const to of ['anna', 'bob', 'nobody', 'carl'])
  await client.xAdd('mails', '*', { mail: JSON.stringify({ to }) });

console.log((await three).sort().join('\n'));
const { deliveries } = await buried;
const [letter] = (await client.xRange('mails:dead', '-', '+')) ?? [];
console.log(`dead letter after ${deliveries} deliveries: ${letter?.message.mail}`);

// Ends each worker when its handlers have ended, and Redis knows what they have handled.
await Promise.all(workers.map((worker) => worker.drain()));
console.log('pending:', (await client.xPending('mails', 'senders')).pending);

await client.del(['mails', 'mails:dead']);
client.destroy();
