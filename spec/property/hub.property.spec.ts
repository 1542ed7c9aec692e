import fc from 'fast-check';
import { createClient } from 'redis';
import { config } from 'rxjs';
import { openClient } from '../../lib/open/open-client.js';
import { ServerUnderTest, USER, type FaultLevel } from './model/redis-under-test.js';
import { scenarios, take, type Scenario } from './model/steps.js';
import { Simulation } from './model/simulation.js';
import { RedisServer } from '../support/redis-server.js';
import { rounds } from '../support/rounds.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const SEED = Number(process.env.PROPERTY_SEED ?? 20_260_401);
/** Milliseconds after which no further example is tried, nor a smaller one for one that failed. */
const PATIENCE = 120_000;

describe.each([2, 3] as const)('Receivers on one client, on RESP%i', (RESP) => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let control: Awaited<ReturnType<typeof open>>;

  async function open(url: string, protocol: 2 | 3, user?: typeof USER) {
    const client = createClient({ url, ...user, RESP: protocol, socket: { reconnectStrategy: () => 0 } });
    client.on('error', () => undefined);
    return client.connect();
  }

  /** A client of one's own; where readers break, that of `Receiver.open`, because no other gets over that. */
  async function clientIn(faultLevel: FaultLevel) {
    if (faultLevel === 'moving') return open(proxy.url, RESP);
    if (faultLevel === 'forbidding') return open(server.url, RESP, USER);
    if (faultLevel !== 'wild') return open(server.url, RESP);
    const client = await openClient({ url: proxy.url, RESP, socket: { reconnectStrategy: () => 0 } });
    return client as unknown as Awaited<ReturnType<typeof open>>;
  }

  let playing: Promise<void> = Promise.resolve();

  beforeAll(async () => {
    server = await RedisServer.start();
    proxy = await TcpProxy.start(server.port);
    control = await open(server.url, 3);
    const { username, password } = USER;
    await control.aclSetUser(username, ['on', `>${password}`, '+@all', '~*', 'allchannels']);
  });

  afterEach(async () => {
    // Out of time, fast-check does not wait for the last one.
    await playing.catch(() => undefined);
    config.onUnhandledError = null;
  });

  afterAll(async () => {
    control.destroy();
    await proxy[Symbol.asyncDispose]();
    await server.stop();
  });

  async function play({ plans, steps, ways }: Scenario, faultLevel: FaultLevel): Promise<void> {
    const timers = countTimers();
    const client = await clientIn(faultLevel);
    const hasProxy = faultLevel === 'wild' || faultLevel === 'moving';
    const redis = new ServerUnderTest({ client, control, proxy: hasProxy ? proxy : undefined } as never);
    try {
      const simulation = new Simulation(redis, plans, faultLevel);
      for (const step of steps) await take(step, simulation, () => control.ping());
      await simulation.calm();
      await simulation.end(ways);
    } finally {
      await redis.mend();
      client.destroy();
    }
    await until(() => countTimers() <= timers, { message: 'no timer left' });
  }

  function check(faultLevel: FaultLevel, runs: number): Promise<void> {
    const property = fc.asyncProperty(
      scenarios(faultLevel),
      (scenario) => (playing = play(scenario, faultLevel)),
    );
    return fc.assert(property, { numRuns: rounds(runs), seed: SEED, interruptAfterTimeLimit: PATIENCE });
  }

  const seed = `(seed ${SEED})`;

  it(
    `subscribe what they want, and hear it once and in order ${seed}`,
    () => check('calm', 400),
    2 * PATIENCE,
  );

  it(
    `hear everything again, or of a gap, after other code has unsubscribed ${seed}`,
    () => check('shared', 200),
    2 * PATIENCE,
  );

  it(
    `hear everything again after their connection was killed ${seed}`,
    () => check('stormy', 200),
    2 * PATIENCE,
  );

  it(`hear everything again whatever a network does to it ${seed}`, () => check('wild', 400), 2 * PATIENCE);

  it(
    `hear everything again that Redis has refused and then permits ${seed}`,
    () => check('forbidding', 50),
    2 * PATIENCE,
  );

  if (RESP === 3)
    it(
      `hear everything again after the server has sent their client elsewhere ${seed}`,
      () => check('moving', 100),
      2 * PATIENCE,
    );
});

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}
