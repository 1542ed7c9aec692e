import { invalidArgument } from '../errors/invalid-argument.js';
import { AdaptedClient, type AdaptedIoredis } from './adapted-client.js';
import { AdaptedCluster } from './adapted-cluster.js';
import type { IoredisClient } from './ioredis-client.js';
import type { IoredisCluster } from './ioredis-cluster.js';

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
 * A `Cluster` takes the same place. The Receivers have connections of their own to its nodes, as with a cluster of node-redis.
 *
 * The client is borrowed, and may be connecting; one with `lazyConnect` is connected when it is first needed. Give the
 * Receivers a client of their own, `redis.duplicate()`: ioredis does not count who wants a name, so that a name which the last
 * Receiver leaves is unsubscribed for other code, too. Sharded channels have the `keyPrefix` of the client, as in ioredis
 * itself; channels and patterns have none. A cluster has to be without `keyPrefix`.
 *
 * @param redis client of a single server, of a Sentinel set or of a cluster
 * @throws {TypeError} if the client is not one of ioredis, or a cluster with a `keyPrefix`
 */
export function fromIoredis(redis: IoredisClient | IoredisCluster): AdaptedIoredis {
  assertIoredis(redis);
  // Even if this package is loaded both as an ES module and as CommonJS.
  const shared = globalThis as { [ADAPTERS]?: WeakMap<object, AdaptedIoredis> | undefined };
  const adapters = (shared[ADAPTERS] ??= new WeakMap<object, AdaptedIoredis>());
  let adapter = adapters.get(redis);
  if (!adapter) adapters.set(redis, (adapter = adapt(redis)));
  return adapter;
}

function adapt(redis: IoredisClient | IoredisCluster): AdaptedIoredis {
  return 'isCluster' in redis && redis.isCluster ? new AdaptedCluster(redis) : new AdaptedClient(redis);
}

function assertIoredis(redis: unknown): asserts redis is IoredisClient | IoredisCluster {
  const candidate = redis as Partial<Record<string, unknown>> | null | undefined;
  const isClient = METHODS.every((method) => typeof candidate?.[method] === 'function');
  if (!isClient || typeof candidate?.status !== 'string') {
    const advice =
      'Pass the return value of new Redis(…). A client of node-redis goes to the Receiver as it is.';
    throw invalidArgument('the client', 'a Redis client of ioredis 5 or 6, or of iovalkey', redis, advice);
  }
  const { keyPrefix } = candidate.options as IoredisClient['options'];
  if (candidate.isCluster !== true || !keyPrefix) return;
  const advice = 'Sharded channels with a prefix would belong to other slots: name them with their prefix.';
  throw invalidArgument("the option 'keyPrefix' of a cluster", 'empty', keyPrefix, advice);
}

/** The key that copies of this package in one process have in common: change the number with the shape of the adapter. */
const ADAPTERS = Symbol.for('rx-redis-receiver.ioredis.1');
