import { invalidArgument } from '../errors/invalid-argument.js';
import { AdaptedClient, type AdaptedIoredis } from './adapted-client.js';
import type { IoredisClient } from './ioredis-client.js';

const METHODS = ['on', 'off', 'call', 'callBuffer', 'connect', 'disconnect', 'duplicate'];

/**
 * Returns a client of ioredis 5 or 6, or of iovalkey, in the form that this package takes: the same object for the same client.
 *
 * ```ts
 * import { Redis } from 'ioredis';
 * import { Receiver } from 'rx-redis-receiver';
 * import { fromIoredis } from 'rx-redis-receiver/ioredis';
 *
 * const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost');
 * const receiver = new Receiver(fromIoredis(redis));
 * receiver.channel('news').subscribe(({ data }) => console.log(data));
 * ```
 *
 * The client is borrowed, and may be connecting; one with `lazyConnect` is connected when it is first needed. Give the
 * Receivers a client of their own, `redis.duplicate()`: ioredis does not count who wants a name, so that a name which the last
 * Receiver leaves is unsubscribed for other code, too. Sharded channels have the `keyPrefix` of the client, as in ioredis
 * itself; channels and patterns have none.
 *
 * @param redis client of a single server, or of a Sentinel set
 * @throws {TypeError} if the client is not one of ioredis
 */
export function fromIoredis(redis: IoredisClient): AdaptedIoredis {
  assertIoredis(redis);
  // Even if this package is loaded both as an ES module and as CommonJS.
  const shared = globalThis as { [ADAPTERS]?: WeakMap<IoredisClient, AdaptedIoredis> | undefined };
  const adapters = (shared[ADAPTERS] ??= new WeakMap<IoredisClient, AdaptedIoredis>());
  let adapter = adapters.get(redis);
  if (!adapter) adapters.set(redis, (adapter = new AdaptedClient(redis)));
  return adapter;
}

function assertIoredis(redis: unknown): asserts redis is IoredisClient {
  const candidate = redis as Record<string, unknown> | null | undefined;
  const isClient = METHODS.every((method) => typeof candidate?.[method] === 'function');
  if (isClient && candidate?.isCluster !== true && typeof candidate?.status === 'string') return;
  const advice =
    candidate?.isCluster === true
      ? 'A Cluster of ioredis is not supported: pass the return value of createCluster of node-redis to the Receiver.'
      : 'Pass the return value of new Redis(…). A client of node-redis goes to the Receiver as it is.';
  throw invalidArgument('the client', 'a Redis client of ioredis 5 or 6, or of iovalkey', redis, advice);
}

/** The key that copies of this package in one process have in common: change the number with the shape of the adapter. */
const ADAPTERS = Symbol.for('rx-redis-receiver.ioredis.1');
