import fc from 'fast-check';
import { config } from 'rxjs';
import { createCluster, createSentinel } from '../support/distributed-clients.js';
import { proxiesTo } from '../contract/distributed-environment.js';
import { DistributedRedis } from './model/distributed-redis.js';
import { USER, type FaultLevel } from './model/redis-under-test.js';
import { scenarios, take, type Scenario } from './model/steps.js';
import { Simulation } from './model/simulation.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { rounds } from '../support/rounds.js';
import type { TcpProxy } from '../support/tcp-proxy.js';

const SEED = Number(process.env.PROPERTY_SEED ?? 20_260_401);
/** Milliseconds after which no further example is tried, nor a smaller one for one that failed. */
const PATIENCE = 60_000;

describe.each(['cluster', 'sentinel'] as const)('Receivers on one %s client', (kind) => {
  let servers: RedisCluster | RedisSentinels;
  let proxies: ReadonlyMap<string, TcpProxy>;

  let playing: Promise<void> = Promise.resolve();

  beforeAll(async () => {
    servers = await (kind === 'cluster' ? RedisCluster : RedisSentinels).start();
    proxies = await proxiesTo(servers.nodes);
    const { username, password } = USER;
    await Promise.all(
      servers.nodes.map(({ admin }) =>
        admin.aclSetUser(username, ['on', `>${password}`, '+@all', '~*', 'allchannels']),
      ),
    );
  }, PATIENCE);

  afterEach(async () => {
    // Out of time, fast-check does not wait for the last one.
    await playing.catch(() => undefined);
    config.onUnhandledError = null;
  });

  afterAll(async () => {
    await Promise.all([...proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()));
    await servers.stop();
  });

  async function open(): Promise<DistributedRedis> {
    const { nodes } = servers;
    const nodeAddressMap = (address: string) => {
      const proxy = proxies.get(address);
      return proxy && { host: '127.0.0.1', port: proxy.port };
    };
    const client =
      servers instanceof RedisCluster
        ? createCluster({ rootNodes: servers.rootNodes, nodeAddressMap, defaults: USER })
        : createSentinel({ ...servers.options, nodeAddressMap, nodeClientOptions: USER });
    client.on('error', () => undefined);
    await client.connect();
    return DistributedRedis.open({ client, nodes, proxies: [...proxies.values()], kind });
  }

  async function play({ plans, steps, ways }: Scenario, faultLevel: FaultLevel): Promise<void> {
    const redis = await open();
    try {
      const simulation = new Simulation(redis, plans, faultLevel);
      for (const step of steps) await take(step, simulation, () => servers.nodes[0]!.ask('PING'));
      await simulation.calm();
      await simulation.end(ways);
    } finally {
      await redis.close();
    }
  }

  function check(faultLevel: FaultLevel, runs: number): Promise<void> {
    const property = fc.asyncProperty(
      scenarios(faultLevel, 'several servers'),
      (scenario) => (playing = play(scenario, faultLevel)),
    );
    return fc.assert(property, { numRuns: rounds(runs), seed: SEED, interruptAfterTimeLimit: PATIENCE });
  }

  it('subscribe what they want, and hear it once and in order', () => check('calm', 40), 2 * PATIENCE);

  it('lose nothing by what other code does to the client', () => check('shared', 15), 2 * PATIENCE);

  it(
    'hear everything again after their connections were killed, or their readers have failed',
    () => check('stormy', 25),
    2 * PATIENCE,
  );

  it(
    'hear everything again that Redis has refused and then permits',
    () => check('forbidding', 15),
    2 * PATIENCE,
  );
});
