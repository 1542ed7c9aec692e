import { createRequire } from 'node:module';
import { installPushReader, removePushReader } from '../../../lib/reader/install.js';
import { CLIENTS, createIdle, type SceneClient, type SceneOptions } from './decoder-scene.js';
import { message } from './frames.js';

const OWN = ['onReply', 'onErrorReply', 'onPush', 'getTypeMapping'];

function keysOf(client: SceneClient): readonly string[] {
  return Object.keys(client._getQueue().decoder);
}

/** Returns a client with a queue of a class of its own, on which nothing has been tried. */
function withQueue(options: SceneOptions, change: (queueClass: QueueClass) => QueueClass): SceneClient {
  const client = createIdle(options);
  const { constructor } = client._getQueue() as unknown as { readonly constructor: QueueClass };
  const queue = new (change(constructor))(options.resp, undefined, () => undefined, 'id');
  return Object.assign(Object.create(client) as SceneClient, { _getQueue: () => queue });
}

type Queue = ReturnType<SceneClient['_getQueue']>;
type QueueClass = new (...args: unknown[]) => Queue;

describe.each(CLIENTS)('installPushReader, on $version and RESP$resp,', (options) => {
  it('puts one reader in front of the decoder, which can be removed', () => {
    const client = createIdle(options);
    removePushReader(client);
    expect(installPushReader(client)).toBe(true);
    expect(installPushReader(client)).toBe(false);
    expect(keysOf(client)).toEqual([...OWN, 'write', 'reset']);
    removePushReader(client);
    removePushReader(client);
    expect(keysOf(client)).toEqual(OWN);
    expect(installPushReader(client)).toBe(true);
  });

  it('serves a view of the client', () => {
    const client = createIdle(options);
    const view = (client as unknown as { withTypeMapping(mapping: object): object }).withTypeMapping({});
    expect(installPushReader(view)).toBe(true);
    expect(installPushReader(client)).toBe(false);
    removePushReader(client);
    expect(keysOf(client)).toEqual(OWN);
  });

  it('leaves a decoder that other code has changed', () => {
    const client = createIdle(options);
    const { decoder } = client._getQueue();
    const write = jest.fn();
    decoder.write = write;
    expect(installPushReader(client)).toBe(false);
    expect(decoder.write).toBe(write);
  });

  it('reads no more behind the wrapper of other code when it is removed', () => {
    const client = createIdle(options);
    const { decoder } = client._getQueue();
    const decode = jest.spyOn(Object.getPrototypeOf(decoder) as typeof decoder, 'write');
    installPushReader(client);
    decode.mockClear();
    const { write } = decoder;
    const wrapper = (chunk: Buffer) => write.call(decoder, chunk);
    decoder.write = wrapper;
    removePushReader(client);
    expect(decoder.write).toBe(wrapper);
    expect(decoder.reset).toBe((Object.getPrototypeOf(decoder) as typeof decoder).reset);
    for (let times = 1; times <= 2; times++) {
      decoder.write(message(3, 'CHANNELS', 'news', 'hello'));
      expect(decode).toHaveBeenCalledTimes(times);
      decoder.reset();
    }
    decode.mockRestore();
  });

  it.each<[what: string, end: (client: SceneClient) => void]>([
    ['the removal', removePushReader],
    ['a reset of the decoder', (client) => client._getQueue().decoder.reset()],
    ['the end of a frame', (client) => client._getQueue().decoder.write(Buffer.from('>1\r\n+hello\r\n'))],
  ])('wraps the callbacks of the decoder until %s', (_, end) => {
    const client = createIdle(options);
    const { decoder } = client._getQueue();
    const { onReply, onErrorReply, onPush } = decoder;
    installPushReader(client);
    expect(decoder.onPush).not.toBe(onPush);
    end(client);
    expect(decoder).toMatchObject({ onReply, onErrorReply, onPush });
  });

  it('keeps a callback that the client has set meanwhile', () => {
    const client = createIdle(options);
    const { decoder } = client._getQueue();
    installPushReader(client);
    const onReply = jest.fn();
    decoder.onReply = onReply;
    removePushReader(client);
    expect(decoder.onReply).toBe(onReply);
  });

  describe('does not trust', () => {
    it.each<[what: string, change: (queueClass: QueueClass) => QueueClass]>([
      [
        'a queue with another member',
        (queueClass) => {
          class Changed extends queueClass {
            more(): void {}
          }
          return Changed;
        },
      ],
      [
        'a queue that calls other listeners than those of its registry',
        (queueClass) => {
          const registry = new Map();
          return sameMembers(queueClass, { getPubSubListeners: () => registry });
        },
      ],
      [
        'a queue that throws',
        (queueClass) =>
          sameMembers(queueClass, {
            commandsToWrite() {
              throw new Error('Not like this.');
            },
          }),
      ],
      [
        'a queue without a mode for Pub/Sub',
        (queueClass) =>
          sameMembers(queueClass, {
            subscribe: () => undefined,
          }),
      ],
    ])('%s', (_, change) => {
      const client = withQueue(options, change);
      expect(installPushReader(client)).toBe(false);
      expect(keysOf(client)).toEqual(OWN);
    });

    it('but does trust a class that has only another name', () => {
      expect(installPushReader(withQueue(options, (queueClass) => sameMembers(queueClass, {})))).toBe(true);
    });

    it('a client without a queue, or with a queue of another kind', () => {
      for (const queue of [undefined, null, 1, {}, { decoder: {} }])
        expect(installPushReader({ _getQueue: () => queue })).toBe(false);
      expect(installPushReader({})).toBe(false);
    });

    it('a release that the specs do not run on', () => {
      const { cache } = createRequire('/');
      const manifests = Object.keys(cache)
        .filter((path) => /@redis.client.dist.package\.json$/.test(path))
        .map((path) => cache[path]!.exports as { version: string });
      expect(manifests.length).toBeGreaterThan(0);
      const versions = manifests.map(({ version }) => version);
      for (const manifest of manifests) manifest.version = '6.4.0';
      const create = () => withQueue(options, (queueClass) => sameMembers(queueClass, {}));
      expect(installPushReader(create())).toBe(false);
      manifests.forEach((manifest, index) => (manifest.version = versions[index]!));
      expect(installPushReader(create())).toBe(true);
    });
  });
});

/** Returns a subclass that has the members of the class by itself, like a release of the client, with some of them changed. */
function sameMembers(queueClass: QueueClass, changes: Record<string, unknown>): QueueClass {
  class Same extends queueClass {}
  const members = Object.getOwnPropertyDescriptors(queueClass.prototype) as Record<
    string,
    PropertyDescriptor
  >;
  for (const [name, descriptor] of Object.entries(members))
    if (name !== 'constructor') Object.defineProperty(Same.prototype, name, descriptor);
  for (const [name, value] of Object.entries(changes)) Object.defineProperty(Same.prototype, name, { value });
  return Same;
}
