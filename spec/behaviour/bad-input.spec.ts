import { bytes, json, keyspace, Receiver, text, type PubSubClient } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

const clear = (text: RegExp) =>
  expect.objectContaining({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(text) as string,
  }) as Error;
const create = (options: object = {}): Receiver => new Receiver(new MemoryPubSub(), options);

describe('a clear TypeError, at the earliest moment,', () => {
  it.each([undefined, null, 5, {}, [], Buffer.from('a'), new String('a'), Symbol('a')])(
    'refuses %p as a name',
    (name) => {
      const receiver = create();
      for (const kind of ['channel', 'pattern', 'shard'] as const) {
        expect(() => receiver[kind](name as string)).toThrow(TypeError);
        expect(() => receiver[kind](name as string)).toThrow(
          clear(/^Expected the name of a \w+ to be a string, got/),
        );
      }
      expect(receiver.channels.size + receiver.patterns.size + receiver.shards.size).toBe(0);
    },
  );

  it('does not refuse the empty name', () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    const received: string[] = [];
    receiver.channel('').subscribe(({ data }) => received.push(data));
    client.publish('', '1');
    expect(received).toEqual(['1']);
    expect(receiver.channels.get('')?.name).toBe('');
  });

  it.each(['drop-latest', 'DROP-OLDEST', '', false, 1, null])(
    'refuses the overflow policy %p',
    (overflow) => {
      expect(() => create({ overflow })).toThrow(
        clear(/'error', 'drop-oldest', 'drop-incoming' or 'replay', got/),
      );
    },
  );

  it.each([0, -1, 1.5, NaN, Infinity, '10', 2 ** 53, true, null])(
    'refuses a capacity or maxBytes of %p',
    (bound) => {
      expect(() => create({ capacity: bound })).toThrow(clear(/'capacity' to be a positive integer, got/));
      expect(() => create({ maxBytes: bound })).toThrow(clear(/'maxBytes' to be a positive integer, got/));
    },
  );

  it('refuses other invalid options', () => {
    expect(() => create({ autoStop: 'no' })).toThrow(clear(/'autoStop' to be a boolean, got "no"/));
    expect(() => create({ onGap: 'throw' })).toThrow(clear(/'onGap' to be 'event' or 'error', got "throw"/));
    expect(() => create({ codec: {} })).toThrow(clear(/encode and decode, got an object/));
    expect(() => create({ signal: {} })).toThrow(clear(/'signal' to be an AbortSignal/));
  });

  it.each([
    [{ db: -1 }, /'db' to be an integer from 0, or 'all', got -1/],
    [{ db: '0' }, /'db' to be .*, got "0"/],
    [{ keys: 5 }, /'keys' to be a glob, a Buffer, or a list of these, got 5/],
    [{ keys: [] }, /'keys' to be a list that is not empty, got an object \(Array\)\. Leave it out/],
    [{ keys: '\ud800' }, /'keys' to be without lone surrogates.*as a Buffer/],
    [{ events: 'ex*' }, /'events' to be names of events.*got "ex\*"\. Leave out/],
    [{ events: [] }, /'events' to be a list that is not empty/],
    [{ events: [1] }, /'events' to be a string, or a list of strings, got 1/],
    [{ binary: 1 }, /'binary' to be a boolean, got 1/],
  ] as const)('refuses %p as options of keyspace', (options, text) => {
    expect(() => keyspace(create(), options as object)).toThrow(clear(text));
  });

  it.each([undefined, null, new MemoryPubSub(), create().channel('a')])(
    'refuses %p as the Receiver of keyspace',
    (receiver) => {
      expect(() => keyspace(receiver as never)).toThrow(
        clear(/^Expected the receiver to be a Receiver, got/),
      );
    },
  );

  it.each([undefined, null, 'redis://localhost', {}, { on() {}, off() {}, subscribe() {} }])(
    'refuses the client %p',
    (client) => {
      expect(() => new Receiver(client as unknown as PubSubClient)).toThrow(
        clear(/the client to be a Redis client.*createClient/),
      );
    },
  );

  it('names the methods that a client lacks', () => {
    const client = Object.assign(new MemoryPubSub(), { pUnsubscribe: undefined });
    expect(() => new Receiver(client as unknown as PubSubClient)).toThrow(/It lacks pUnsubscribe\.$/);
  });

  it('refuses another codec or client for a registered Channel', () => {
    const receiver = create();
    const channel = receiver.channel('a', { codec: text });
    expect(receiver.channel('a')).toBe(channel);
    expect(receiver.channel('a', { codec: text })).toBe(channel);
    expect(() => receiver.channel('a', { codec: bytes })).toThrow(
      clear(/the codec of the channel "a".*Close it first/),
    );
    expect(() => receiver.channel('a', { client: new MemoryPubSub() })).toThrow(
      clear(/the client of the channel "a"/),
    );
    expect(receiver.channel('a')).toBe(channel);
    expect(receiver.pattern('a')).not.toBe(channel);
  });

  it('refuses an asynchronous codec', () => {
    const codec = { encode: String, decode: async (data: unknown) => Promise.resolve(String(data)) };
    const receiver = create();
    expect(() => receiver.channel('a', { codec: codec })).toThrow(
      clear(/the codec to be synchronous.*mergeMap/),
    );
    expect(receiver.channels.size).toBe(0);
  });

  it('refuses an invalid codec of get(), which takes no message', async () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    receiver.channel('a');
    await receiver.connect();
    client.publish('a', '1');
    await expect(receiver.get({ codec: {} as never })).rejects.toEqual(clear(/encode and decode/));
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
  });

  it('refuses a value that JSON cannot encode', () => {
    expect(() => json().encode(undefined)).toThrow(clear(/one that JSON can carry, got undefined/));
  });

  it('refuses bad input of Receiver.open() before a connection is made', async () => {
    await expect(Receiver.open(undefined, { capacity: 0 })).rejects.toEqual(clear(/capacity/));
    await expect(Receiver.open(5 as never)).rejects.toEqual(
      clear(/a URL or the options of createClient, createCluster or createSentinel, got 5/),
    );
    await expect(Receiver.open('http://localhost')).rejects.toThrow(/http/);
  });
});
