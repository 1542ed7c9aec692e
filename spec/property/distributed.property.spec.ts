import fc from 'fast-check';
import { config } from 'rxjs';
import { clusterUnderTest } from '../support/client-under-test.js';
import { createSentinel } from '../support/distributed-clients.js';
import { libraryUnderTest } from '../support/ioredis-client.js';
import { proxiesTo } from '../contract/distributed-environment.js';
import { DistributedRedis } from './model/distributed-redis.js';
import { USER, type FaultLevel } from './model/redis-under-test.js';
import { scenarios, runStep, type Scenario } from './model/steps.js';
import { Simulation } from './model/simulation.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { rounds } from '../support/rounds.js';
import type { TcpProxy } from '../support/tcp-proxy.js';

const SEED = Number(process.env.PROPERTY_SEED ?? 20_260_401);
/** The time limit in milliseconds, after which fast-check runs no further scenario and stops shrinking. */
const PATIENCE = 60_000;

// To ioredis, a Sentinel set is a client like that of a single server.
const KINDS = libraryUnderTest() ? (['cluster'] as const) : (['cluster', 'sentinel'] as const);

describe.each(KINDS)('Receivers on one %s client', (kind) => {
  let servers: RedisCluster | RedisSentinels;
  let proxies: ReadonlyMap<string, TcpProxy>;

  let lastRun: Promise<void> = Promise.resolve();

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
    // fast-check does not wait for the last scenario when it runs out of time.
    await lastRun.catch(() => undefined);
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
        ? clusterUnderTest({ rootNodes: servers.rootNodes, nodeAddressMap, defaults: USER })
        : createSentinel({ ...servers.options, nodeAddressMap, nodeClientOptions: USER });
    client.on('error', () => undefined);
    await client.connect();
    return DistributedRedis.open({ client, nodes, proxies: [...proxies.values()], kind });
  }

  async function runScenario({ plans, steps, endings }: Scenario, faultLevel: FaultLevel): Promise<void> {
    const redis = await open();
    try {
      const simulation = new Simulation(redis, plans, faultLevel);
      for (const step of steps) await runStep(step, simulation, () => servers.nodes[0]!.ask('PING'));
      await simulation.finish();
      await simulation.end(endings);
    } finally {
      await redis.close();
    }
  }

  function check(faultLevel: FaultLevel, runs: number): Promise<void> {
    const property = fc.asyncProperty(
      scenarios(faultLevel, 'several servers'),
      (scenario) => (lastRun = runScenario(scenario, faultLevel)),
    );
    return fc.assert(property, { numRuns: rounds(runs), seed: SEED, interruptAfterTimeLimit: PATIENCE });
  }

  it(
    'subscribe exactly the wanted names, and receive each message once and in order',
    () => check('none', 40),
    2 * PATIENCE,
  );

  it('lose no message when other code uses the client', () => check('unsubscribes', 15), 2 * PATIENCE);

  it(
    'receive every message again after killed connections and invalid bytes',
    () => check('kills', 25),
    2 * PATIENCE,
  );

  it(
    'receive every message again after Redis has refused names and then permits them',
    () => check('refusals', 15),
    2 * PATIENCE,
  );
});
