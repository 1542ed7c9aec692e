import { clientContract } from './support/client-contract.js';
import { clusterWorld, sentinelWorld } from './support/distributed-world.js';
import { memoryWorld } from './support/memory-world.js';
import { receiverContract } from './support/receiver-contract.js';
import { serverWorld } from './support/server-world.js';
import type { World, WorldSort } from './support/world.js';

const WORLDS: readonly WorldSort[] = [
  memoryWorld('MemoryPubSub'),
  memoryWorld('MemoryPubSub with delayed acknowledgements', { acknowledge: 1 }),
  serverWorld('node-redis 6 on RESP3', 6, 3),
  serverWorld('node-redis 6 on RESP2', 6, 2),
  serverWorld('node-redis 5', 5),
  clusterWorld('node-redis 6 on a cluster', 6),
  clusterWorld('node-redis 5 on a cluster', 5),
  sentinelWorld('node-redis 6 on a Sentinel set'),
];

/** Milliseconds: a cluster takes its time until all its nodes know each other. */
const START_TIMEOUT = 60_000;

describe.each(WORLDS.map((sort) => [sort.name, sort] as const))('%s', (_name, sort) => {
  let world: World;

  beforeAll(async () => {
    world = await sort.start();
  }, START_TIMEOUT);

  afterEach(() => world.reset());

  afterAll(() => world.stop());

  describe('the client', () => clientContract(sort, () => world));
  describe('a Receiver', () => receiverContract(sort, () => world));
});
