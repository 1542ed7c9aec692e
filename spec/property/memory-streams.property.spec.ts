import fc from 'fast-check';
import { createClient } from 'redis';
import { APPEND_SCRIPT } from '../../lib/log/append-script.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { RedisServer } from '../support/redis-server.js';

const SEED = Number(process.env.FC_SEED ?? 20_240_229);
const KEYS = ['a', 'b'] as const;

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

type Client = Awaited<ReturnType<typeof connect>>;

function connect() {
  return createClient({ url: server.url }).connect();
}

type Method = 'xAdd' | 'xTrim' | 'xDel' | 'del' | 'set' | 'xRange' | 'xInfoStream' | 'eval';
type Step = readonly [method: Method, ...args: unknown[]];
type Commands = Record<Method, (...args: unknown[]) => unknown>;

/** An epoch after the time of any server, so that no epoch depends on the clock. */
const EPOCH = 9_000_000_000_000;
const LARGEST = '18446744073709551615';
const key = fc.constantFrom(...KEYS);
const value = fc.constantFrom('', 'x', 'é\0');
const small = fc
  .tuple(fc.constantFrom(0, 1, 1, 2, 2, 3, 3, 4, EPOCH), fc.nat(3))
  .map(([ms, seq]) => `${ms}-${seq}`);
const edges = fc.constantFrom('2', `${LARGEST}-1`, `${LARGEST}-${LARGEST}`, '007-1');
const wrong = fc.constantFrom('', 'x', '1-', '-1', '1-1-1', '1-x', '18446744073709551616-1', `0-${LARGEST}0`);
const id = fc.oneof(
  { weight: 40, arbitrary: small },
  { weight: 1, arbitrary: edges },
  { weight: 4, arbitrary: wrong },
);
const newId = fc.oneof(
  { weight: 2, arbitrary: id },
  { weight: 1, arbitrary: fc.constantFrom('0-*', '1-*', '2-*', '3-*', `${EPOCH}-*`, 'x-*', '*-1') },
);
const rangeEnd = fc.oneof(
  { weight: 2, arbitrary: id },
  { weight: 2, arbitrary: id.map((text) => `(${text}`) },
  { weight: 2, arbitrary: fc.constantFrom('-', '+') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '(-',
      '(+',
      '(',
      '(0-0',
      `2-${LARGEST}`,
      `(2-${LARGEST}`,
      `(${LARGEST}-${LARGEST}`,
    ),
  },
);
const known = fc.oneof(
  fc.tuple(fc.constantFrom(EPOCH, EPOCH + 1, EPOCH + 2), fc.integer({ min: 1, max: 3 })),
  fc.constant([0, 0] as const),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constant('xAdd' as const), key, newId, fc.record({ f: value, g: value })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(key, newId, fc.nat(3))
      .map(
        ([name, text, threshold]) =>
          [
            'xAdd',
            name,
            text,
            { f: 'x' },
            { TRIM: { strategy: 'MAXLEN', strategyModifier: '=', threshold } },
          ] as const,
      ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant('xTrim' as const), key, fc.constant('MAXLEN'), fc.nat(3)) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constant('xDel' as const), key, fc.array(id, { minLength: 1, maxLength: 3 })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant('del' as const), fc.array(key, { minLength: 1, maxLength: 2 })),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('set' as const), key, value) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant('xRange' as const),
      key,
      rangeEnd,
      rangeEnd,
      fc.option(fc.record({ COUNT: fc.integer({ min: 1, max: 3 }) }), { nil: undefined }),
    ),
  },
  { weight: 3, arbitrary: fc.tuple(fc.constant('xInfoStream' as const), key) },
  {
    weight: 5,
    arbitrary: fc.tuple(key, value, known).map(([name, payload, [epoch, number]]) => {
      const args = ['PUBLISH', 'channel', payload, 'nonce', '100', '0', String(epoch), String(number)];
      return ['eval', APPEND_SCRIPT, { keys: [name], arguments: args }] as const;
    }),
  },
);

/** Returns the reply or the error of each step. */
async function run(client: Commands, script: readonly Step[]): Promise<unknown[]> {
  const replies: unknown[] = [];
  for (const [method, ...args] of script) {
    if (method === 'eval' && (await dependsOnClock(client, args[1] as EvalOptions))) continue;
    replies.push([method, args, await replyTo(() => client[method](...args))]);
  }
  return replies;
}

async function replyTo(request: () => unknown): Promise<unknown> {
  try {
    const reply = await request();
    if (typeof reply !== 'object' || reply === null || !('entries-added' in reply)) return reply;
    const {
      length,
      'last-generated-id': last,
      'max-deleted-entry-id': deleted,
      'entries-added': added,
    } = reply as Record<string, unknown>;
    return { length, last, deleted, added };
  } catch (error) {
    return (error as Error).message;
  }
}

interface EvalOptions {
  readonly keys: readonly string[];
  readonly arguments: readonly string[];
}

/** Returns whether a publisher without knowledge would begin a log. */
async function dependsOnClock(client: Commands, { keys, arguments: args }: EvalOptions): Promise<boolean> {
  if (args[6] !== '0') return false;
  const state = await replyTo(() => client.xInfoStream(keys[0]));
  return state === 'ERR no such key' || (state as { last?: string }).last?.startsWith('0-') === true;
}

it('the streams of MemoryPubSub reply to any sequence of commands as those of Redis do', async () => {
  const states = KEYS.flatMap((name): Step[] => [
    ['xRange', name, '-', '+'],
    ['xInfoStream', name],
  ]);
  const kinds = { entries: 0, errors: 0, appended: 0 };
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 20, maxLength: 50, size: 'max' }),
    async (steps) => {
      const script = [...steps, ...states];
      await real.del([...KEYS]);
      const expected = await run(real as unknown as Commands, script);
      expect(await run(new MemoryPubSub() as unknown as Commands, script)).toEqual(expected);
      for (const [method, , reply] of expected as [string, unknown, unknown][]) {
        if (method === 'xRange' && Array.isArray(reply)) kinds.entries += reply.length;
        if (method === 'eval' && Array.isArray(reply)) kinds.appended++;
        if (typeof reply === 'string' && /^[A-Z]+ /.test(reply)) kinds.errors++;
      }
    },
  );
  await fc.assert(property, { numRuns: 300, seed: SEED });
  for (const count of Object.values(kinds)) expect(count).toBeGreaterThan(500);
}, 120_000);
