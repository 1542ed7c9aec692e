import fc from 'fast-check';
import { createClient } from 'redis';
import { config } from 'rxjs';
import { openClient } from '../../lib/open/open-client.js';
import { ServerUnderTest, USER, type FaultLevel } from './model/redis-under-test.js';
import { scenarios, runStep, type Scenario } from './model/steps.js';
import { Simulation } from './model/simulation.js';
import { RedisServer } from '../support/redis-server.js';
import { clientUnderTest, PROTOCOLS } from '../support/client-under-test.js';
import { libraryUnderTest } from '../support/ioredis-client.js';
import { rounds } from '../support/rounds.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const SEED = Number(process.env.PROPERTY_SEED ?? 20_260_401);
/** The time limit in milliseconds, after which fast-check runs no further scenario and stops shrinking. */
const PATIENCE = 120_000;

describe.each(PROTOCOLS)('Receivers on one client, on RESP%i', (RESP) => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let control: Awaited<ReturnType<typeof open>>;

  async function open(url: string, protocol: 2 | 3, user?: typeof USER) {
    const options = { url, ...user, RESP: protocol, socket: { reconnectStrategy: () => 0 } };
    const client = createClient(options);
    client.on('error', () => undefined);
    return client.connect();
  }

  function ioredisIn(faultLevel: FaultLevel) {
    const { url } = faultLevel === 'network' ? proxy : server;
    const user = faultLevel === 'refusals' ? USER : undefined;
    return clientUnderTest({ url, RESP, ...user, socket: { reconnectStrategy: () => 0 } }).connect();
  }

  /**
   * Returns a plain client; for network faults the client of `Receiver.open`, because a plain one does not survive
   * them.
   */
  async function clientIn(faultLevel: FaultLevel) {
    if (libraryUnderTest()) return ioredisIn(faultLevel);
    if (faultLevel === 'moves') return open(proxy.url, RESP);
    if (faultLevel === 'refusals') return open(server.url, RESP, USER);
    if (faultLevel !== 'network') return open(server.url, RESP);
    const client = await openClient({ url: proxy.url, RESP, socket: { reconnectStrategy: () => 0 } });
    return client as unknown as Awaited<ReturnType<typeof open>>;
  }

  let lastRun: Promise<void> = Promise.resolve();

  beforeAll(async () => {
    server = await RedisServer.start();
    proxy = await TcpProxy.start(server.port);
    control = await open(server.url, 3);
    const { username, password } = USER;
    await control.aclSetUser(username, ['on', `>${password}`, '+@all', '~*', 'allchannels']);
  });

  afterEach(async () => {
    // fast-check does not wait for the last scenario when it runs out of time.
    await lastRun.catch(() => undefined);
    config.onUnhandledError = null;
  });

  afterAll(async () => {
    control.destroy();
    await proxy[Symbol.asyncDispose]();
    await server.stop();
  });

  async function runScenario({ plans, steps, endings }: Scenario, faultLevel: FaultLevel): Promise<void> {
    const timers = countTimers();
    const client = await clientIn(faultLevel);
    const hasProxy = faultLevel === 'network' || faultLevel === 'moves';
    const redis = new ServerUnderTest({ client, control, proxy: hasProxy ? proxy : undefined } as never);
    try {
      const simulation = new Simulation(redis, plans, faultLevel);
      for (const step of steps) await runStep(step, simulation, () => control.ping());
      await simulation.finish();
      await simulation.end(endings);
    } finally {
      await redis.removeFaults();
      client.destroy();
    }
    await until(() => countTimers() <= timers, { message: 'no timer is left' });
  }

  function check(faultLevel: FaultLevel, runs: number): Promise<void> {
    const property = fc.asyncProperty(
      scenarios(faultLevel),
      (scenario) => (lastRun = runScenario(scenario, faultLevel)),
    );
    return fc.assert(property, { numRuns: rounds(runs), seed: SEED, interruptAfterTimeLimit: PATIENCE });
  }

  const seed = `(seed ${SEED})`;

  it(
    `subscribe exactly the wanted names, and receive each message once and in order ${seed}`,
    () => check('none', 400),
    2 * PATIENCE,
  );

  it(
    `receive every message again, or report a gap, after other code has unsubscribed ${seed}`,
    () => check('unsubscribes', 200),
    2 * PATIENCE,
  );

  it(`receive every message again after killed connections ${seed}`, () => check('kills', 200), 2 * PATIENCE);

  it(
    `receive every message again after any network faults ${seed}`,
    () => check('network', 400),
    2 * PATIENCE,
  );

  it(
    `receive every message again after Redis has refused names and then permits them ${seed}`,
    () => check('refusals', 50),
    2 * PATIENCE,
  );

  if (RESP === 3 && !libraryUnderTest())
    it(
      `receive every message again after the server has moved their client ${seed}`,
      () => check('moves', 100),
      2 * PATIENCE,
    );
});

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}
