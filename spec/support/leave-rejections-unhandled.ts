import { createClient } from 'redis';
import type { PubSubClient } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

// Prints the refusals of Redis that become unhandled rejections of the process, for node-redis and for MemoryPubSub.

const ignore = () => undefined;
let unhandled: string[] = [];
process.on(
  'unhandledRejection',
  (error: Error) => void unhandled.push(error.message.split(' ')[0] as string),
);

/** Resolves in the next turn of the event loop: Node reports unhandled rejections after the microtasks. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

async function unhandledOf(client: PubSubClient): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const count = async (what: string, ask: () => unknown) => {
    ask();
    // Refused after the others: when its reply arrives, theirs have arrived, too.
    await client.subscribe('x', ignore).catch(() => undefined);
    await nextTurn();
    counts[what] = unhandled.length;
    unhandled = [];
  };
  await count('left alone', () => void client.subscribe('x', ignore));
  await count('handled', () => void client.pSubscribe('x*', ignore).catch(ignore));
  await count('awaited', async () => {
    try {
      await client.sSubscribe('x', ignore);
    } catch {
      // The refusal is expected.
    }
  });
  await count('passed on', () => void client.subscribe('x', ignore).then(ignore));
  await count('finally', () => void client.subscribe('x', ignore).finally(ignore));
  await count('passed on and handled', () => void client.subscribe('x', ignore).then(ignore).catch(ignore));
  return counts;
}

async function main(): Promise<void> {
  const admin = await createClient({ url: process.env.REDIS_URL! }).connect();
  await admin.aclSetUser('limited', ['reset', 'on', '>secret', '+@all', '~*', 'resetchannels']);
  const user = { username: 'limited', password: 'secret' };
  const real = await createClient({ url: process.env.REDIS_URL!, ...user }).connect();
  console.log(JSON.stringify(await unhandledOf(real)));
  const double = new MemoryPubSub();
  double.forbidden.add('x').add('x*');
  console.log(JSON.stringify(await unhandledOf(double)));
  real.destroy();
  admin.destroy();
}

void main();
