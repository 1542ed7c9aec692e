import { NEVER } from 'rxjs';
import {
  hydrate,
  iterate,
  json,
  keyspace,
  mergeMapBounded,
  publishTo,
  Receiver,
  retryRecoverable,
  type PubSubClient,
} from '../../lib/index.js';
import { marbles, MemoryPubSub } from '../../lib/testing/index.js';

const clear = (text: RegExp) =>
  expect.objectContaining({
    name: 'TypeError',
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(text) as string,
  }) as Error;

interface OptionsCase {
  readonly take: (options: never) => unknown;
  /** A misspelt option. */
  readonly wrong: string;
  /** The option that is meant. */
  readonly right: string;
  /** Options that are accepted. */
  readonly good: object;
}

const create = () => new Receiver(new MemoryPubSub());
const bounds = { capacity: 1, maxBytes: undefined, overflow: undefined };
const receiverOptions = {
  ...bounds,
  codec: undefined,
  autoStop: undefined,
  onGap: undefined,
  heartbeat: undefined,
  reader: undefined,
  signal: undefined,
};

const CASES: Readonly<Record<string, OptionsCase>> = {
  mergeMapBounded: {
    take: (options) => mergeMapBounded(() => NEVER, options),
    wrong: 'capcity',
    right: 'capacity',
    good: { ...bounds, concurrent: undefined, key: undefined, onDrop: undefined },
  },
  iterate: {
    take: (options) => iterate(NEVER, options),
    wrong: 'ondrop',
    right: 'onDrop',
    good: { ...bounds, onDrop: undefined },
  },
  retryRecoverable: {
    take: (options) => retryRecoverable(options),
    wrong: 'onerror',
    right: 'onError',
    good: { onError: undefined },
  },
  hydrate: {
    take: (options) => hydrate(create(), () => NEVER, options),
    wrong: 'overFlow',
    right: 'overflow',
    good: bounds,
  },
  publishTo: {
    take: (options) => publishTo(new MemoryPubSub(), 'a', options),
    wrong: 'concurrency',
    right: 'concurrent',
    good: { codec: undefined, sharded: undefined, concurrent: undefined },
  },
  keyspace: {
    take: (options) => keyspace(create(), options),
    wrong: 'key',
    right: 'keys',
    good: {
      db: undefined,
      keys: undefined,
      events: undefined,
      binary: undefined,
      subkeys: undefined,
      check: undefined,
    },
  },
  MemoryPubSub: {
    take: (options) => new MemoryPubSub(options),
    wrong: 'acknowlege',
    right: 'acknowledge',
    good: { acknowledge: undefined, scheduler: undefined },
  },
  marbles: {
    take: (options) => marbles(() => undefined, options),
    wrong: 'asertEqual',
    right: 'assertEqual',
    good: { ...receiverOptions, acknowledge: undefined, assertEqual: undefined },
  },
  Receiver: {
    take: (options) => new Receiver(new MemoryPubSub(), options),
    wrong: 'maxbytes',
    right: 'maxBytes',
    good: receiverOptions,
  },
  'channel()': {
    take: (options) => create().channel('a', options),
    wrong: 'codecs',
    right: 'codec',
    good: { codec: undefined, client: undefined },
  },
  'pattern()': {
    take: (options) => create().pattern('a', options),
    wrong: 'cleint',
    right: 'client',
    good: { codec: undefined, client: undefined },
  },
  'shard()': {
    take: (options) => create().shard('a', options),
    wrong: 'kep',
    right: 'keep',
    good: { codec: undefined, client: undefined },
  },
};

const ASYNC_CASES: Readonly<Record<string, OptionsCase>> = {
  'Receiver.open': {
    take: (options) => Receiver.open('redis://localhost:1', options),
    wrong: 'autostop',
    right: 'autoStop',
    good: { signal: AbortSignal.abort(new Error('accepted')), onRetry: undefined },
  },
  'get()': {
    take: (options) => create().get(options),
    wrong: 'signl',
    right: 'signal',
    good: { codec: undefined, signal: AbortSignal.abort(new Error('accepted')) },
  },
  'waitMessage()': {
    take: (options) => create().waitMessage(options),
    wrong: 'singal',
    right: 'signal',
    good: { signal: AbortSignal.abort(new Error('accepted')) },
  },
};

const NOT_OPTIONS: readonly unknown[] = [null, 5, 'capacity', () => undefined, [], new Map()];

describe.each(Object.entries(CASES))('%s', (_, { take, wrong, right, good }) => {
  it('refuses an unknown option, and names the known ones', () => {
    const loose = take as (options: unknown) => unknown;
    const suggestion = new RegExp(`'${right}'.*, got "${wrong}"\\. Did you mean '${right}'\\?$`);
    expect(() => loose({ [wrong]: undefined })).toThrow(clear(suggestion));
    for (const name of Object.keys(good))
      expect(() => loose({ ...good, [wrong]: 1 })).toThrow(clear(new RegExp(`'${name}'.*, got "${wrong}"`)));
    expect(() => loose({ somethingElse: 1 })).toThrow(clear(/, got "somethingElse"\.$/));
  });

  it.each(NOT_OPTIONS)('refuses %p as its options', (options) => {
    expect(() => (take as (options: unknown) => unknown)(options)).toThrow(
      clear(/the options.* to be an? (plain )?object/),
    );
  });

  it('accepts known options, undefined, and symbols as keys', () => {
    const loose = take as (options: unknown) => unknown;
    expect(() => loose({ ...good, [Symbol('mine')]: 1 })).not.toThrow();
    expect(() => loose(Object.assign(Object.create(null) as object, good))).not.toThrow();
    expect(() => loose(undefined)).not.toThrow();
  });
});

describe.each(Object.entries(ASYNC_CASES))('%s', (_, { take, wrong, right, good }) => {
  const loose = take as (options: unknown) => Promise<unknown>;

  it('rejects for an unknown option', async () => {
    const suggestion = new RegExp(`'${right}'.*, got "${wrong}"\\. Did you mean '${right}'\\?$`);
    await expect(loose({ [wrong]: undefined })).rejects.toEqual(clear(suggestion));
  });

  it.each(NOT_OPTIONS)('rejects for %p as its options', async (options) => {
    await expect(loose(options)).rejects.toEqual(clear(/the options.* to be an? (plain )?object/));
  });

  it('rejects for an invalid signal', async () => {
    await expect(loose({ signal: {} })).rejects.toEqual(
      clear(/'signal' to be an AbortSignal, got an object/),
    );
    await expect(loose({ signal: null })).rejects.toEqual(clear(/'signal' to be an AbortSignal, got null/));
  });

  it('accepts known options', async () => {
    await expect(loose(good)).rejects.toThrow('accepted');
  });
});

it('names the method that takes a listener', () => {
  const receiver = create();
  const received: string[] = [];
  for (const kind of ['channel', 'pattern', 'shard'] as const) {
    expect(() => receiver[kind]('a', ((message: string) => received.push(message)) as never)).toThrow(
      clear(/the options.* to be an object, got the function.*Subscribe to the Channel instead/),
    );
  }
  expect(receiver.channels.size + receiver.patterns.size + receiver.shards.size).toBe(0);
});

it('names the option for a codec or a client', () => {
  const receiver = create();
  expect(() => receiver.channel('a', json() as never)).toThrow(clear(/'codec'.*, got "encode"/));
  expect(() => receiver.channel('a', new MemoryPubSub() as PubSubClient as never)).toThrow(
    clear(/a plain object, got an object \(MemoryPubSub\)/),
  );
});

it('takes no message if the options of get() are invalid', async () => {
  const client = new MemoryPubSub();
  const receiver = new Receiver(client);
  receiver.channel('a');
  await receiver.connect();
  client.publish('a', '1');
  await expect(receiver.get({ sginal: 1 } as never)).rejects.toEqual(clear(/'signal'/));
  await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
});
