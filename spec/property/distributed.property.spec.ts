import fc from 'fast-check';
import { config } from 'rxjs';
import { createCluster, createSentinel } from '../support/distributed-clients.js';
import { DistributedRedis } from './model/distributed-redis.js';
import { scenarios, take, type Scenario } from './model/steps.js';
import { Simulation } from './model/simulation.js';
import { RedisCluster } from '../support/redis-cluster.js';
import type { RedisNode } from '../support/redis-node.js';
import { RedisSentinels } from '../support/redis-sentinels.js';

const RUNS = process.env.PROPERTY_RUNS ? Number(process.env.PROPERTY_RUNS) : undefined;
const SEED = Number(process.env.PROPERTY_SEED ?? 20_260_401);
/** Milliseconds after which no further example is tried, nor a smaller one for one that failed. */
const PATIENCE = 60_000;

describe.each(['cluster', 'sentinel'] as const)('Receivers on one %s client', (kind) => {
  let servers: RedisCluster | RedisSentinels;

  beforeAll(async () => {
    servers = await (kind === 'cluster' ? RedisCluster : RedisSentinels).start();
  }, PATIENCE);

  afterEach(() => (config.onUnhandledError = null));

  afterAll(() => servers.stop());

  async function open(nodes: readonly RedisNode[]): Promise<DistributedRedis> {
    const client =
      servers instanceof RedisCluster
        ? createCluster({ rootNodes: servers.rootNodes })
        : createSentinel(servers.options);
    client.on('error', () => undefined);
    await client.connect();
    return DistributedRedis.open(client, nodes, kind);
  }

  async function play({ plans, steps, ways }: Scenario, faultLevel: 'calm' | 'stormy'): Promise<void> {
    const redis = await open(servers.nodes);
    try {
      const simulation = new Simulation(redis, plans, faultLevel);
      for (const step of steps) await take(step, simulation, () => servers.nodes[0]!.ask('PING'));
      await simulation.calm();
      await simulation.end(ways);
    } finally {
      await redis.close();
    }
  }

  function check(faultLevel: 'calm' | 'stormy', runs: number): Promise<void> {
    const property = fc.asyncProperty(scenarios(faultLevel), (scenario) => play(scenario, faultLevel));
    return fc.assert(property, { numRuns: RUNS ?? runs, seed: SEED, interruptAfterTimeLimit: PATIENCE });
  }

  it('subscribe what they want, and hear it once and in order', () => check('calm', 40), 2 * PATIENCE);

  it('hear everything again after their connections were killed', () => check('stormy', 25), 2 * PATIENCE);
});
