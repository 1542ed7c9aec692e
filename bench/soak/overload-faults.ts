import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import type { createClient } from 'redis';
import type { RedisServer } from '../../spec/support/redis-server.js';
import type { TcpProxy } from '../../spec/support/tcp-proxy.js';
import { until } from '../../spec/support/until.js';

const LONG_WAIT = { timeout: 30_000 };

interface Place {
  readonly server: RedisServer;
  readonly proxy: TcpProxy;
  readonly admin: Pick<ReturnType<typeof createClient>, 'sendCommand' | 'isReady'>;
  /** Matches the last command of a connection that reads. */
  readonly reading: RegExp;
}

/** The faults of a server and of the connections through a proxy; `bytes`: where a burst is cut. */
const FAULTS: Readonly<Record<string, (place: Place, bytes: number) => unknown>> = {
  'subscriptions killed': ({ admin }) => admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']),
  async 'readers killed'({ admin, reading }) {
    const list = await admin.sendCommand<string>(['CLIENT', 'LIST']);
    for (const [, id, command] of list.matchAll(/^id=(\d+) .*cmd=(\S+) /gm))
      if (reading.test(command as string)) await admin.sendCommand(['CLIENT', 'KILL', 'ID', id as string]);
  },
  'connections cut': ({ proxy }) => proxy.cut(),
  'cut in mid-burst': ({ proxy }, bytes) => proxy.cutAfter(bytes),
  async 'server restarted'({ server }) {
    await server.kill();
    await server.restart();
  },
};

/** Takes seconds to be noticed, and is therefore rarer. */
const HALF_OPEN = 'half open';
const HALF_OPEN_EVERY = 20;

async function makeHalfOpen({ proxy }: Place): Promise<void> {
  proxy.silence();
  await until(() => proxy.silenced === 0, { ...LONG_WAIT, message: 'half-open connections to be closed' });
}

/** Injects so many faults in so many seconds, or more if they take longer. Returns how many of each kind. */
export async function injectFaults(
  place: Place,
  count: number,
  seconds: number,
  seed: number,
): Promise<Map<string, number>> {
  const injected = new Map<string, number>();
  const fault = fc.tuple(fc.constantFrom(...Object.keys(FAULTS)), fc.integer({ min: 1, max: 20_000 }));
  const end = performance.now() + seconds * 1_000;
  for (const [index, [drawn, bytes]] of fc.sample(fault, { seed, numRuns: count }).entries()) {
    await delay(Math.max(0, (end - performance.now()) / (count - index)));
    await until(() => place.admin.isReady, LONG_WAIT);
    const kind = index % HALF_OPEN_EVERY === HALF_OPEN_EVERY - 1 ? HALF_OPEN : drawn;
    injected.set(kind, (injected.get(kind) ?? 0) + 1);
    const inject = kind === HALF_OPEN ? makeHalfOpen : FAULTS[kind];
    await Promise.resolve(inject?.(place, bytes)).catch(console.error);
  }
  place.proxy.cutAfter(Infinity);
  await until(() => place.admin.isReady, LONG_WAIT);
  return injected;
}
