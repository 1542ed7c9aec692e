import fc from 'fast-check';
import { createClient } from 'redis';
import { config } from 'rxjs';
import { ServerUnderTest } from './model/redis-under-test.js';
import { scenarios, take, type Scenario, type FaultLevel } from './model/steps.js';
import { Simulation } from './model/simulation.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const RUNS = process.env.PROPERTY_RUNS ? Number(process.env.PROPERTY_RUNS) : undefined;
const SEED = Number(process.env.PROPERTY_SEED ?? 20_260_401);
/** Milliseconds after which no further example is tried, nor a smaller one for one that failed. */
const PATIENCE = 120_000;

describe.each([2, 3] as const)('Receivers on one client, on RESP%i', (RESP) => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let control: Awaited<ReturnType<typeof open>>;

  async function open(url: string, protocol: 2 | 3) {
    const client = createClient({ url, RESP: protocol, socket: { reconnectStrategy: () => 0 } });
    client.on('error', () => undefined);
    return client.connect();
  }

  beforeAll(async () => {
    server = await RedisServer.start();
    proxy = await TcpProxy.start(server.port);
    control = await open(server.url, 3);
  });

  afterEach(() => (config.onUnhandledError = null));

  afterAll(async () => {
    control.destroy();
    await proxy[Symbol.asyncDispose]();
    await server.stop();
  });

  async function play({ plans, steps, ways }: Scenario, faultLevel: FaultLevel): Promise<void> {
    const timers = countTimers();
    const isWild = faultLevel === 'wild';
    const client = await open(isWild ? proxy.url : server.url, RESP);
    const redis = new ServerUnderTest(client as never, control as never, isWild ? proxy : undefined);
    try {
      const simulation = new Simulation(redis, plans, faultLevel);
      for (const step of steps) await take(step, simulation, () => control.ping());
      await simulation.calm();
      await simulation.end(ways);
    } finally {
      redis.mend();
      client.destroy();
    }
    await until(() => countTimers() <= timers, { message: 'no timer left' });
  }

  function check(faultLevel: FaultLevel, runs: number): Promise<void> {
    const property = fc.asyncProperty(scenarios(faultLevel), (scenario) => play(scenario, faultLevel));
    return fc.assert(property, { numRuns: RUNS ?? runs, seed: SEED, interruptAfterTimeLimit: PATIENCE });
  }

  const seed = `(seed ${SEED})`;

  it(
    `subscribe what they want, and hear it once and in order ${seed}`,
    () => check('calm', 400),
    2 * PATIENCE,
  );

  it(
    `hear everything again after their connection was killed ${seed}`,
    () => check('stormy', 200),
    2 * PATIENCE,
  );

  it(`hear everything again whatever a network does to it ${seed}`, () => check('wild', 400), 2 * PATIENCE);
});

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}
