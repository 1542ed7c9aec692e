import type { WayToListen } from './way-to-listen.js';

/** Ways to listen by key. Each is loaded only where it runs, so that no way pays for the memory of another. */
export const WAYS_TO_LISTEN: Readonly<Record<string, () => Promise<WayToListen>>> = {
  raw: async () => (await import('./listen-raw-socket.js')).rawSocket,
  bare: async () => (await import('./listen-node-redis.js')).bareListener,
  bareResp2: async () => (await import('./listen-node-redis.js')).bareListenerOnResp2,
  bareBytes: async () => (await import('./listen-node-redis.js')).bareListenerOfBytes,
  merge: async () => (await import('./listen-node-redis.js')).naiveMerge,
  observe: async () => (await import('./listen-receiver.js')).observed,
  observeWithoutReader: async () => (await import('./listen-receiver.js')).observedWithoutReader,
  observeRecoverable: async () => (await import('./listen-receiver.js')).observedRecoverable,
  iterate: async () => (await import('./listen-receiver.js')).iterated,
  get: async () => (await import('./listen-receiver.js')).pulled,
  mergeMapBounded: async () => (await import('./listen-receiver.js')).mapped,
  ownObserver: async () => (await import('./listen-receiver.js')).ownObservers(1),
  ownObservers: async () => (await import('./listen-receiver.js')).ownObservers(100),
  ioredis5: async () => (await import('./listen-ioredis.js')).ioredis5,
  ioredis6: async () => (await import('./listen-ioredis.js')).ioredis6,
  observeOnIoredis5: async () => (await import('./listen-ioredis.js')).observedOnIoredis5,
  observeOnIoredis6: async () => (await import('./listen-ioredis.js')).observedOnIoredis6,
  graphql: async () => (await import('./listen-ioredis.js')).graphqlRedisSubscriptions,
  nest: async () => (await import('./listen-nest.js')).nestTransport,
};
