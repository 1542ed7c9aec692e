import fc from 'fast-check';
import { bytes, json, type DecodeError, Receiver } from '../../lib/index.js';
import {
  clientUnderTest,
  nodeRedisClient,
  PROTOCOLS,
  type ClientUnderTest,
} from '../support/client-under-test.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

const SEED = Number(process.env.PROPERTY_SEED ?? 20_260_402);
const RUNS = Number(process.env.PROPERTY_RUNS ?? 150);

/** Names with special characters of the protocol, of globs and of codecs. */
const names = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme-composite' }),
  fc.stringMatching(/^[[\]\\*?^a-c\r\n\0 -]{0,12}$/),
  fc.constantFrom('', ' ', '\r\n', '*', '__proto__', 'é', '🎉', '$-1', '+OK\r\n'),
);
/** Returns a glob that matches only this name. */
const literal = (name: string) => name.replace(/[\\*?[\]^-]/g, '\\$&');

const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
  fc.string({ unit: 'binary' }).map((string) => Buffer.from(string)),
  fc.constantFrom('', '\0', '\r\n', '$-1\r\n', '\ufeffx', '\ufffd').map((string) => Buffer.from(string)),
);

describe.each(PROTOCOLS)('an arbitrary message, on RESP%i,', (RESP) => {
  let server: RedisServer;
  let client: ClientUnderTest;
  let admin: ClientUnderTest;

  const socket = { reconnectStrategy: () => 0 };

  beforeAll(async () => {
    server = await RedisServer.start();
    client = await clientUnderTest({ url: server.url, RESP, socket }).connect();
    admin = await nodeRedisClient({ url: server.url, socket }).connect();
  });

  afterAll(async () => {
    for (const one of [client, admin]) one.destroy();
    await server.stop();
  });

  const check = <T extends unknown[]>(property: fc.IAsyncProperty<T>) =>
    fc.assert(property, { seed: SEED, numRuns: RUNS });

  it('arrives through any channel, literal pattern and sharded channel byte for byte', () =>
    check(
      fc.asyncProperty(names, fc.array(payloads, { minLength: 1, maxLength: 4 }), async (name, list) => {
        await using receiver = new Receiver<Buffer | string>(client, { codec: bytes });
        receiver.channel(name);
        receiver.pattern(literal(name));
        receiver.shard(name);
        await receiver.connect();
        const heard: unknown[][] = [];
        receiver.subscribe(({ source, channel, pattern, data }) =>
          heard.push([source.kind, channel, pattern, data]),
        );
        for (const payload of list) {
          await admin.publish(name, payload);
          await admin.sPublish(name, payload);
        }
        await until(() => heard.length >= 3 * list.length);
        const expected = list.flatMap((data) => [
          ['channel', name, undefined, data],
          ['pattern', name, literal(name), data],
          ['shard', name, undefined, data],
        ]);
        expect(heard).toEqual(expected);
      }),
    ));

  it('arrives as text, with U+FFFD for invalid UTF-8', () =>
    check(
      fc.asyncProperty(payloads, async (payload) => {
        await using receiver = new Receiver(client);
        receiver.channel('text');
        await receiver.connect();
        await admin.publish('text', payload);
        await expect(receiver.get()).resolves.toMatchObject({ data: payload.toString() });
      }),
    ));

  it('arrives as JSON or as a DecodeError with the raw message, and does not affect the next one', () =>
    check(
      fc.asyncProperty(
        fc.oneof(payloads.map(String), fc.json(), fc.constant('{"__proto__":1}')),
        async (payload) => {
          await using receiver = new Receiver<unknown>(client, { codec: json() });
          receiver.channel('json');
          await receiver.connect();
          await admin.publish('json', payload);
          await admin.publish('json', '"after"');
          const outcome = await receiver.get().then(
            (message) => message?.data,
            (error: unknown) => error as DecodeError,
          );
          if (outcome instanceof Error)
            expect(outcome).toMatchObject({ code: 'ERR_DECODE', raw: { data: payload } });
          else expect(outcome).toEqual(JSON.parse(payload));
          await expect(receiver.get()).resolves.toMatchObject({ data: 'after' });
        },
      ),
    ));

  it('can have 8 MB', async () => {
    await using receiver = new Receiver<Buffer | string>(client, { codec: bytes });
    receiver.channel('large');
    receiver.channel('large text', { codec: { encode: String, decode: String } });
    await receiver.connect();
    const payload = Buffer.alloc(8 * 1024 * 1024, 'snow ☃ ');
    await admin.publish('large', payload);
    await admin.publish('large text', payload);
    const [binary, text] = [await receiver.get(), await receiver.get()];
    // Compared without matchers, which look at each of the eight million bytes.
    expect(payload.equals(binary?.data as Buffer)).toBe(true);
    expect(text?.data === payload.toString()).toBe(true);
  });

  it('can be JSON with extreme nesting, length and numbers', async () => {
    await using receiver = new Receiver<unknown>(client, { codec: json() });
    receiver.channel('bombs');
    await receiver.connect();
    const depth = 100_000;
    const bombs = [
      '['.repeat(depth) + ']'.repeat(depth),
      `${'{"a":'.repeat(depth)}"\\u0061"${'}'.repeat(depth)}`,
      '['.repeat(depth),
      `[${'0,'.repeat(1_000_000)}0]`,
      `1${'0'.repeat(10_000)}`,
    ];
    for (const bomb of bombs) await admin.publish('bombs', bomb);
    await admin.publish('bombs', '"after"');
    const outcomes: string[] = [];
    for (const _ of bombs) {
      outcomes.push(
        await receiver.get().then(
          (message) => typeof message?.data,
          (error: unknown) => (error as DecodeError).code,
        ),
      );
    }
    expect(outcomes).toEqual(['object', 'object', 'ERR_DECODE', 'object', 'number']);
    await expect(receiver.get()).resolves.toMatchObject({ data: 'after' });
  });

  it('cannot have a channel name with a lone surrogate, which UTF-8 cannot encode', async () => {
    const receiver = new Receiver(client);
    for (const kind of ['channel', 'pattern', 'shard'] as const) {
      expect(() => receiver[kind]('a\ud800b')).toThrow(
        /^Expected the name of a \w+ to be a string without lone surr/,
      );
      expect(() => receiver[kind]('\udc00')).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
      );
    }
    await receiver.stop();
  });
});
