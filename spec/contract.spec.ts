import { clientContract } from './support/client-contract.js';
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
];

describe.each(WORLDS.map((sort) => [sort.name, sort] as const))('%s', (_name, sort) => {
  let world: World;

  beforeAll(async () => {
    world = await sort.start();
  });

  afterEach(() => world.reset());

  afterAll(() => world.stop());

  describe('the client', () => clientContract(sort, () => world));
  describe('a Receiver', () => receiverContract(sort, () => world));
});
