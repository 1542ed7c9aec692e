import { clientContract } from './client-contract.js';
import {
  clusterEnvironment,
  ioredisClusterEnvironment,
  sentinelEnvironment,
} from './distributed-environment.js';
import { groupsContract } from './groups-contract.js';
import { logsContract } from './logs-contract.js';
import { memoryEnvironment } from './memory-environment.js';
import { recoveryContract } from './recovery-contract.js';
import { receiverContract } from './receiver-contract.js';
import { ioredisEnvironment, serverEnvironment } from './server-environment.js';
import { streamsContract } from './streams-contract.js';
import { topicsContract } from './topics-contract.js';
import type { Abilities, RedisEnvironment, EnvironmentKind } from './environment.js';

const ENVIRONMENTS: readonly EnvironmentKind[] = [
  memoryEnvironment('MemoryPubSub'),
  memoryEnvironment('MemoryPubSub with delayed acknowledgements', { acknowledge: 1 }),
  serverEnvironment('node-redis 6 on RESP3', 6, 3),
  serverEnvironment('node-redis 6 on RESP2', 6, 2),
  serverEnvironment('node-redis 5', 5),
  ioredisEnvironment('ioredis 6', 'ioredis6'),
  clusterEnvironment('node-redis 6 on a cluster', 6),
  clusterEnvironment('node-redis 5 on a cluster', 5),
  ioredisClusterEnvironment('ioredis 6 on a cluster', 'ioredis6'),
  sentinelEnvironment('node-redis 6 on a Sentinel set'),
];

/** The other clients of the ioredis family: they differ little from ioredis 6, and run where CLIENT is set. */
const OTHERS: readonly EnvironmentKind[] = [
  ioredisEnvironment('ioredis 6 on RESP2', 'ioredis6', 2),
  ioredisEnvironment('ioredis 5', 'ioredis5'),
  ioredisEnvironment('iovalkey', 'iovalkey'),
  ioredisClusterEnvironment('ioredis 5 on a cluster', 'ioredis5'),
];

/** Milliseconds. The nodes of a cluster need some time until all of them know each other. */
const START_TIMEOUT = 60_000;

const { CLIENT, READER } = process.env;

/** Returns whether a reader is another one than the default of the environment. Clients of ioredis have no reader. */
function changes(reader: string, { nodeRedis, registry }: Abilities): boolean {
  return nodeRedis && registry === (reader === 'fast');
}

const environments = CLIENT
  ? OTHERS
  : ENVIRONMENTS.filter(({ abilities }) => READER === undefined || changes(READER, abilities));

describe.each(environments.map((sort) => [sort.name, sort] as const))('%s', (_name, sort) => {
  let environment: RedisEnvironment;

  beforeAll(async () => {
    environment = await sort.start();
  }, START_TIMEOUT);

  afterEach(() => environment.reset());

  afterAll(() => environment.stop());

  // A cluster of ioredis has no listeners of its own: Receivers have connections to the nodes.
  if (sort.abilities.nodeRedis || sort.abilities.registry)
    describe('the client', () => clientContract(sort, () => environment));
  // No reader of messages takes part, and the commands are the same on each protocol.
  if (!process.env.READER && sort.name !== 'node-redis 6 on RESP2')
    describe('the logs', () => logsContract(sort, () => environment));
  describe('a Receiver', () => receiverContract(sort, () => environment));
  describe('a recoverable Channel', () => recoveryContract(sort, () => environment));
  if (!process.env.READER) {
    describe('a stream', () => streamsContract(sort, () => environment));
    describe('a group', () => groupsContract(sort, () => environment));
  }
  describe('a Receiver with topics', () => topicsContract(sort, () => environment));
});
