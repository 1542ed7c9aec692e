import { createClient } from 'redis';
import { createCluster, type Create } from './distributed-clients.js';
import { ioredisClient, ioredisCluster, libraryUnderTest, type ClientOptions } from './ioredis-client.js';

export type ClientUnderTest = ReturnType<typeof nodeRedisClient>;

const LIBRARY = libraryUnderTest();

/** The protocols that the client under test has. */
export const PROTOCOLS = LIBRARY === undefined || LIBRARY === 'ioredis6' ? ([2, 3] as const) : ([2] as const);

/** Returns a new client of node-redis, whatever the client under test is. */
export function nodeRedisClient({ RESP = 3, ...options }: ClientOptions) {
  const client = createClient({ ...options, RESP });
  client.on('error', () => undefined);
  return client;
}

/** Returns a new client of node-redis, or the adapter of one of the library that `CLIENT` names. */
export function clientUnderTest(options: ClientOptions): ClientUnderTest {
  if (!LIBRARY) return nodeRedisClient(options);
  const client = ioredisClient(LIBRARY, options) as unknown as ClientUnderTest;
  client.on('error', () => undefined);
  return client;
}

/** Returns a new client of a cluster. */
export const clusterUnderTest: Create = LIBRARY ? ioredisCluster(LIBRARY) : createCluster;
