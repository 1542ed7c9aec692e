import fc from 'fast-check';
import { createClient } from 'redis';
import { config } from 'rxjs';
import { ServerSite } from './support/model-site.js';
import { scenarios, take, type Scenario } from './support/model-steps.js';
import { World } from './support/model-world.js';
import { RedisServer } from './support/redis-server.js';

const RUNS = process.env.PROPERTY_RUNS ? Number(process.env.PROPERTY_RUNS) : undefined;
const SEED = Number(process.env.PROPERTY_SEED ?? 20_260_401);
/** Milliseconds after which no further example is tried, nor a smaller one for one that failed. */
const PATIENCE = 120_000;

describe.each([2, 3] as const)('Receivers on one client, on RESP%i', (RESP) => {
  let server: RedisServer;
  let control: Awaited<ReturnType<typeof open>>;

  async function open(protocol: 2 | 3 = RESP) {
    const client = createClient({ url: server.url, RESP: protocol, socket: { reconnectStrategy: () => 0 } });
    client.on('error', () => undefined);
    return client.connect();
  }

  beforeAll(async () => {
    server = await RedisServer.start();
    control = await open(3);
  });

  afterEach(() => (config.onUnhandledError = null));

  afterAll(async () => {
    control.destroy();
    await server.stop();
  });

  async function play({ plans, steps, ways }: Scenario, weather: 'calm' | 'stormy'): Promise<void> {
    const client = await open();
    try {
      const world = new World(new ServerSite(client as never, control as never), plans, weather);
      for (const step of steps) await take(step, world, () => control.ping());
      await world.calm();
      await world.end(ways);
    } finally {
      client.destroy();
    }
  }

  function check(weather: 'calm' | 'stormy', runs: number): Promise<void> {
    const property = fc.asyncProperty(scenarios(weather), (scenario) => play(scenario, weather));
    return fc.assert(property, { numRuns: RUNS ?? runs, seed: SEED, interruptAfterTimeLimit: PATIENCE });
  }

  it('subscribe what they want, and hear it once and in order', () => check('calm', 800), 2 * PATIENCE);

  it('hear everything again after their connection was killed', () => check('stormy', 450), 2 * PATIENCE);
});
