import fc from 'fast-check';
import { createClient } from 'redis';
import type { PubSubClient, Publisher } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { RedisServer } from '../support/redis-server.js';

const SEED = Number(process.env.FC_SEED ?? 20_240_229);

let server: RedisServer;
let admin: Client;
let real: Client;

beforeAll(async () => {
  server = await RedisServer.start();
  [admin, real] = await Promise.all([connect(), connect()]);
});

afterAll(async () => {
  admin.destroy();
  real.destroy();
  await server.stop();
});

type Client = Awaited<ReturnType<typeof connect>>;

function connect() {
  return createClient({ url: server.url }).connect();
}

// Redis compares the ends of a range as C's `char`, which is signed on x64 and macOS, but unsigned on other Linux
// machines.
const isSigned = process.arch === 'x64' || process.platform === 'darwin';

/**
 * Few letters, so that many names match; all special characters of globs; and characters of two, three and four bytes.
 */
const LETTERS = ['a', 'b', 'c', 'z', 'A', '0', ':', '-', '^', ']', '[', '\\', '*', '?', '\u0000', '\n', '!'];
const WIDE = ['é', 'ü', '\u0080', 'ÿ', '€', '😀', '\ud800'];
const SPECIAL = ['*', '*', '**', '?', '?', '[', ']', '[^', '[]', '[^]', '\\', '\\*', '\\\\', '-', '^'];
const SETS = [
  '[a-c]',
  '[c-a]',
  '[^a-c]',
  '[a-]',
  '[-a]',
  '[a-\\]]',
  '[\\a-c]',
  '[\\]]',
  '[^\\]',
  '[^z-a]',
  '[a-c-z]',
  '[]-a]',
  '[\\',
  '[a-z',
  '[a-',
  '[ab',
];
const WIDE_SETS = ['[é]', '[^é]', '[a-é]', '[é-a]', '[é-ü]', '[€-😀]'];

const pieces = (maxLength: number, ...lists: readonly (readonly string[])[]) =>
  fc.array(fc.constantFrom(...lists.flat()), { maxLength, size: 'max' }).map((list) => list.join(''));

const globs = pieces(5, LETTERS, WIDE, SPECIAL, SPECIAL, SPECIAL, SETS, isSigned ? WIDE_SETS : []);
const names = fc.oneof(pieces(4, LETTERS, WIDE), pieces(3, ['a', 'b', 'c', ']', 'é']));

describe('MemoryPubSub equals Redis in', () => {
  it('the channels that a glob matches, and the number of receivers of a message', async () => {
    let compared = 0;
    let matched = 0;
    const property = fc.asyncProperty(
      fc.uniqueArray(globs, { minLength: 5, maxLength: 10, size: 'max' }),
      fc.array(names, { minLength: 25, maxLength: 40, size: 'max' }),
      async (patterns, channels) => {
        const double = new MemoryPubSub();
        const heard = { real: [] as string[], double: [] as string[] };
        for (const [index, pattern] of patterns.entries()) {
          const listen = (into: string[]) => (_message: string, channel: string) =>
            void into.push(`${channel} ${index}`);
          await double.pSubscribe(pattern, listen(heard.double) as never);
          await real.pSubscribe([pattern], listen(heard.real));
        }
        const counts = await Promise.all(channels.map((channel) => admin.publish(channel, '')));
        await real.ping();
        expect(channels.map((channel) => double.publish(channel, ''))).toEqual(counts);
        // Redis defines no order for several patterns that match one message.
        expect(heard.double.sort()).toEqual(heard.real.sort());
        compared += patterns.length * channels.length;
        matched += heard.real.length;
        await real.pUnsubscribe();
      },
    );
    await fc.assert(property, { numRuns: 600, seed: SEED });
    expect(compared).toBeGreaterThan(50_000);
    // A useful share of the pairs matches.
    expect(matched / compared).toBeGreaterThan(0.05);
    expect(matched / compared).toBeLessThan(0.95);
  }, 120_000);

  it.each([
    ['the matches of a thousand stars', '*a'.repeat(1_000), 'a'.repeat(1_000)],
    ['the matches of a star at each end', `${'**a'.repeat(1_000)}**`, 'a'.repeat(1_000)],
    ['the matches of the empty glob', '', ''],
    ['the matches of a single star', '*', ''],
  ])('%s', async (_what, glob, channel) => {
    const double = new MemoryPubSub();
    await double.pSubscribe(glob, () => undefined);
    await real.pSubscribe([glob], () => undefined);
    expect(double.publish(channel, '')).toBe(await admin.publish(channel, ''));
    await real.pUnsubscribe([glob]);
  });

  it.each(['', undefined])('the subscriptions that are left after unsubscribe(%p)', async (all) => {
    const double = new MemoryPubSub();
    const left = async (client: MemoryPubSub | Client) => {
      await client.subscribe(['', 'a'], () => undefined);
      await client.pSubscribe('*', () => undefined);
      await client.unsubscribe(all);
      return [
        ...client.getPubSubListeners('CHANNELS').keys(),
        ...client.getPubSubListeners('PATTERNS').keys(),
      ];
    };
    expect(await left(double)).toEqual(await left(real));
    expect(double.publish('a', '')).toBe(await admin.publish('a', ''));
    await real.pUnsubscribe('*');
  });

  it('the receivers of a message after any sequence of operations of several clients and listeners', async () => {
    const others = [await connect(), await connect()];
    let heardInAll = 0;
    const operation = fc.record({
      client: fc.nat(1),
      listener: fc.nat(1),
      isBinary: fc.boolean(),
      method: fc.constantFrom(...METHODS),
      names: fc.uniqueArray(fc.constantFrom('', 'a', 'ab', 'é'), { minLength: 1, maxLength: 2 }),
    });
    const message = fc.record({ isSharded: fc.boolean(), channel: fc.constantFrom('', 'a', 'ab', 'é') });

    /** Runs a script on these clients; returns the counts of PUBLISH, and the messages that each client received. */
    async function run(
      script: readonly (Operation | Publication)[],
      clients: readonly PubSubClient[],
      publisher: Required<Publisher>,
    ) {
      const counts: number[] = [];
      const heard = clients.map((): string[][] => []);
      const hear =
        (client: number, listener: number) => (data: string | Buffer, channel: string | Buffer) => {
          const form = typeof data === 'string' ? 'text' : 'binary';
          heard[client]![counts.length]!.push(`${listener} ${form} ${String(data)} ${String(channel)}`);
        };
      const listeners = clients.map((_, client) => [hear(client, 0), hear(client, 1)]);
      for (const [index, step] of script.entries()) {
        if ('method' in step) {
          const { client, method, names, listener, isBinary } = step;
          await clients[client]![method]([...names], listeners[client]![listener]!, isBinary);
        } else {
          for (const list of heard) list.push([]);
          const count = await publisher[step.isSharded ? 'sPublish' : 'publish'](step.channel, `${index}`);
          for (const client of clients) await (client as { ping?: () => Promise<unknown> }).ping?.();
          counts.push(count);
        }
      }
      // Redis defines no order for several patterns that match one message.
      return { counts, heard: heard.map((lists) => lists.map((list) => list.sort())) };
    }

    const property = fc.asyncProperty(
      fc.array(fc.oneof(operation, operation, message), { minLength: 10, maxLength: 30, size: 'max' }),
      async (script) => {
        const expected = await run(script, others, admin).finally(() => Promise.all(others.map(forgetAll)));
        const double = new MemoryPubSub();
        expect(await run(script, [double, double.duplicate()], double)).toEqual(expected);
        heardInAll += expected.heard.flat(2).length;
      },
    );
    await fc.assert(property, { numRuns: 300, seed: SEED });
    expect(heardInAll).toBeGreaterThan(500);
    for (const client of others) client.destroy();
  }, 120_000);
});

const METHODS = [
  'subscribe',
  'pSubscribe',
  'sSubscribe',
  'subscribe',
  'unsubscribe',
  'pUnsubscribe',
  'sUnsubscribe',
] as const;

interface Operation {
  readonly client: number;
  readonly listener: number;
  readonly isBinary: boolean;
  readonly method: (typeof METHODS)[number];
  readonly names: readonly string[];
}

interface Publication {
  readonly isSharded: boolean;
  readonly channel: string;
}

/**
 * Unsubscribes each name by itself: without names, and with nothing subscribed, node-redis may never settle the
 * promise.
 */
async function forgetAll(client: Client): Promise<void> {
  for (const [type, method] of [
    ['CHANNELS', 'unsubscribe'],
    ['PATTERNS', 'pUnsubscribe'],
    ['SHARDED', 'sUnsubscribe'],
  ] as const) {
    const names = [...client.getPubSubListeners(type).keys()];
    if (names.length > 0) await client[method](names);
  }
}
