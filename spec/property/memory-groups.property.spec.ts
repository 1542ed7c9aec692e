import fc from 'fast-check';
import { createClient } from 'redis';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { RedisServer } from '../support/redis-server.js';
import { rounds } from '../support/rounds.js';

const SEED = Number(process.env.FC_SEED ?? 20_240_229);

type Client = Awaited<ReturnType<typeof connect>>;
type Commands = Record<string, (...args: unknown[]) => unknown>;
type Step = readonly [method: string, ...args: unknown[]];

let server: RedisServer;
let real: Client;

beforeAll(async () => {
  server = await RedisServer.start();
  real = await connect();
});

afterAll(async () => {
  real.destroy();
  await server.stop();
});

function connect() {
  return createClient({ url: server.url }).connect();
}

const KEYS = ['a', 'b'] as const;
const key = fc.constantFrom('a', 'a', 'a', 'b');
const group = fc.constantFrom('g', 'g', 'g', 'h');
const consumer = fc.constantFrom('x', 'y');
const id = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.nat(2)).map((parts) => parts.join('-')),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'x', '1-x') },
);
const ids = fc.array(id, { minLength: 1, maxLength: 3 });
const COUNT = fc.integer({ min: 1, max: 3 });
const options = (record: Record<string, fc.Arbitrary<unknown>>) => fc.record(record, { requiredKeys: [] });
/** Either any entry is idle for long enough, or none is: no reply depends on the clock. */
const minIdle = fc.constantFrom(0, 0, 1_000_000);
/** A key that is named twice comes once in RESP3, whose reply is a map. */
const places = (...last: string[]) =>
  fc.uniqueArray(fc.record({ key, id: fc.oneof(id, ...last.map((text) => fc.constant(text))) }), {
    minLength: 1,
    maxLength: 2,
    selector: (place) => place.key,
  });
const step = (method: string, weight: number, ...args: fc.Arbitrary<unknown>[]) => ({
  weight,
  arbitrary: fc.tuple(fc.constant(method), ...args) as unknown as fc.Arbitrary<Step>,
});
const claim = options({
  RETRYCOUNT: fc.nat(5),
  FORCE: fc.boolean(),
  LASTID: id,
  IDLE: fc.constant(2_000_000),
});
const steps = fc.oneof(
  step(
    'xAdd',
    24,
    key,
    fc.integer({ min: 1, max: 2 }).map((ms) => `${ms}-*`),
    fc.constant({ f: 'v' }),
  ),
  step('xDel', 2, key, ids),
  step('xTrim', 1, key, fc.constant('MAXLEN'), fc.nat(3)),
  step('del', 1, key),
  step('set', 1, fc.constant('b'), fc.constant('x')),
  step('xLen', 1, key),
  step('xRead', 4, places('$', '>'), options({ COUNT })),
  step(
    'xGroupCreate',
    6,
    key,
    group,
    fc.oneof(id, fc.constantFrom('$', '0')),
    options({ MKSTREAM: fc.boolean(), ENTRIESREAD: fc.nat(3) }),
  ),
  step('xGroupDestroy', 1, key, group),
  step('xGroupCreateConsumer', 1, key, group, consumer),
  step('xGroupDelConsumer', 1, key, group, consumer),
  step('xReadGroup', 12, group, consumer, places('>', '>', '$'), options({ COUNT, NOACK: fc.boolean() })),
  step('xAck', 4, key, group, ids),
  step('xPending', 2, key, group),
  step(
    'xPendingRange',
    3,
    key,
    group,
    fc.constantFrom('-', '2', '(2-0'),
    fc.constantFrom('+', '4'),
    COUNT,
    options({ IDLE: minIdle, consumer }),
  ),
  step('xClaim', 12, key, group, consumer, minIdle, ids, claim),
  step('xClaimJustId', 2, key, group, consumer, minIdle, ids, claim),
  step('xAutoClaim', 4, key, group, consumer, minIdle, fc.constantFrom('0', '-', '3'), options({ COUNT })),
  step(
    'xAutoClaimJustId',
    2,
    key,
    group,
    consumer,
    minIdle,
    fc.constantFrom('0', '3', 'x'),
    options({ COUNT }),
  ),
  step('xInfoGroups', 3, key),
  step('xInfoConsumers', 2, key, group),
);

const TIMES = ['idle', 'inactive', 'millisecondsSinceLastDelivery'];

/** Returns a reply without the times, which differ between two runs. */
function timeless(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(timeless);
  if (typeof reply !== 'object' || reply === null) return reply;
  return Object.fromEntries(
    Object.entries(reply)
      .filter(([name]) => !TIMES.includes(name))
      .map(([name, value]) => [name, timeless(value)]),
  );
}

async function run(client: Commands, script: readonly Step[]): Promise<unknown[]> {
  const replies: unknown[] = [];
  for (const [method, ...args] of script) {
    try {
      replies.push([method, args, timeless(await client[method]!(...args))]);
    } catch (error) {
      replies.push([method, args, (error as Error).message]);
    }
  }
  return replies;
}

it('the groups of MemoryPubSub reply to any sequence of commands as those of Redis do', async () => {
  const start: Step[] = [['xGroupCreate', 'a', 'g', '0', { MKSTREAM: true }]];
  const states = KEYS.flatMap((name): Step[] => [
    ['xInfoGroups', name],
    ...['g', 'h'].flatMap((of): Step[] => [
      ['xInfoConsumers', name, of],
      ['xPendingRange', name, of, '-', '+', 100],
    ]),
  ]);
  const kinds = { delivered: 0, claimed: 0, errors: 0 };
  const property = fc.asyncProperty(
    fc.array(steps, { minLength: 20, maxLength: 60, size: 'max' }),
    async (list) => {
      const script = [...start, ...list, ...states];
      await real.del([...KEYS]);
      const expected = await run(real as unknown as Commands, script);
      expect(await run(new MemoryPubSub() as unknown as Commands, script)).toEqual(expected);
      for (const [method, , reply] of expected as [string, unknown, unknown][]) {
        if (method === 'xReadGroup' && Array.isArray(reply)) kinds.delivered++;
        if (method === 'xClaim' && Array.isArray(reply)) kinds.claimed += reply.length;
        if (typeof reply === 'string' && /^[A-Z]+ /.test(reply)) kinds.errors++;
      }
    },
  );
  await fc.assert(property, { numRuns: rounds(1000), seed: SEED });
  for (const count of Object.values(kinds)) expect(count).toBeGreaterThan(20);
}, 240_000);
