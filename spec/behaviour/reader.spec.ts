import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { bytes, Receiver, type ReceiverOptions } from '../../lib/index.js';
import { READER_DEFAULTS } from '../../lib/reader/reader-mode.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { hasReader } from '../support/has-reader.js';
import { sharedRedis } from '../support/shared-redis.js';
import { until } from '../support/until.js';

type Create = (options: object) => unknown;

describe('the option reader', () => {
  const redis = sharedRedis();
  const ends: (() => unknown)[] = [];
  const defaults = { ...READER_DEFAULTS };

  beforeEach(() => void Object.assign(READER_DEFAULTS, { own: 'fast', borrowed: 'client' }));

  afterEach(async () => {
    Object.assign(READER_DEFAULTS, defaults);
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function connect(create: (options: { url: string }) => unknown = createClient) {
    const client = create({ url: redis.url }) as ReturnType<typeof createClient>;
    await client.connect();
    ends.push(() => client.destroy());
    return client;
  }

  async function open(options: ReceiverOptions<string> = {}) {
    const receiver = await Receiver.open(redis.url, options);
    ends.push(() => receiver.stop());
    receiver.channel('news');
    await receiver.connect();
    return receiver;
  }

  /** Returns a connected Receiver on a borrowed client. */
  async function on(client: Awaited<ReturnType<typeof connect>>, options: ReceiverOptions<string> = {}) {
    const receiver = new Receiver(client, options);
    ends.push(() => receiver.stop());
    receiver.channel('news');
    await receiver.connect();
    return receiver;
  }

  it("is 'fast' on the client of Receiver.open, unless it is 'client'", async () => {
    expect(hasReader((await open()).client)).toBe(true);
    expect(hasReader((await open({ reader: 'fast' })).client)).toBe(true);
    expect(hasReader((await open({ reader: 'client' })).client)).toBe(false);
  });

  it("is 'client' on a borrowed client, unless it is 'fast'", async () => {
    const client = await connect();
    const plain = await on(client);
    expect(hasReader(client)).toBe(false);
    const receiver = await on(client, { reader: 'fast' });
    expect(hasReader(client)).toBe(true);
    await receiver.stop();
    expect(hasReader(client)).toBe(false);
    await plain.stop();
  });

  it("leaves a client to itself as long as one Receiver asks for 'client'", async () => {
    const client = await connect();
    await on(client, { reader: 'fast' });
    const careful = await on(client, { reader: 'client' });
    expect(hasReader(client)).toBe(false);
    await careful.stop();
    expect(hasReader(client)).toBe(true);
  });

  it('does not concern Channels on another client', async () => {
    const other = await connect();
    const receiver = await open({ reader: 'fast' });
    receiver.channel('elsewhere', { client: other });
    await receiver.connect();
    expect([hasReader(receiver.client), hasReader(other)]).toEqual([true, false]);
  });

  it('leaves no trace on a client of a release that it does not know', async () => {
    const client = await connect();
    const { decoder } = client._getQueue();
    const prototype = Object.getPrototypeOf(client._getQueue()) as Record<string, unknown>;
    prototype.unheardOf = () => undefined;
    ends.push(() => delete prototype.unheardOf);
    const receiver = await on(client, { reader: 'fast' });
    expect(Object.keys(decoder)).toEqual(['onReply', 'onErrorReply', 'onPush', 'getTypeMapping']);
    const publisher = await connect();
    await publisher.publish('news', 'hello');
    await expect(receiver.get()).resolves.toMatchObject({ data: 'hello' });
  });

  it('has no effect on a client in memory', async () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client, { reader: 'fast' });
    receiver.channel('news');
    await receiver.connect();
    client.publish('news', 'hello');
    await expect(receiver.get()).resolves.toMatchObject({ data: 'hello' });
    await receiver.stop();
  });

  it('is refused with another value', async () => {
    const wrong = { reader: 'slow' } as never;
    const refusal = /Expected the option 'reader' to be 'fast' or 'client', got "slow"/;
    expect(() => new Receiver(new MemoryPubSub(), wrong)).toThrow(refusal);
    await expect(Receiver.open(redis.url, wrong)).rejects.toThrow(refusal);
    await expect(Receiver.open({ url: redis.url, reader: 'fast' } as never)).rejects.toThrow(
      "Unknown option 'reader' of Receiver.open: an option of the Receiver belongs in the second argument.",
    );
  });

  it.each([
    ['redis 6', 3, createClient as Create],
    ['redis 6', 2, createClient as Create],
    ['redis 5', 3, createClient5 as Create],
    ['redis 5', 2, createClient5 as Create],
  ])('receives the same on a connection in use, with %s and RESP%i', async (_, RESP, create) => {
    const client = await connect((options) => create({ ...options, RESP }));
    const publisher = await connect();
    const heard: string[] = [];
    await client.subscribe('news', (data: string) => heard.push(`client ${data}`));
    const receiver = new Receiver<string | Buffer>(client, { reader: 'fast' });
    ends.push(() => receiver.stop());
    receiver.channel('news');
    receiver.pattern('new?', { codec: bytes });
    receiver.shard('news');
    receiver.subscribe(({ source, data }) => heard.push(`${source.kind} ${typeof data} ${String(data)}`));
    await receiver.connect();
    expect(hasReader(client)).toBe(true);
    await publisher.publish('news', 'hello ☃');
    await publisher.sPublish('news', 'hello\r\n');
    await until(() => heard.length === 4);
    expect(heard).toEqual([
      'client hello ☃',
      'channel string hello ☃',
      'pattern object hello ☃',
      'shard string hello\r\n',
    ]);
    if (RESP === 3) await expect(client.ping()).resolves.toBe('PONG');
  });

  it('reads on after the connection was lost', async () => {
    const receiver = await open();
    const publisher = await connect();
    const heard: string[] = [];
    receiver.subscribe(({ data }) => heard.push(data));
    await publisher.publish('news', 'before');
    await until(() => heard.length === 1);
    await publisher.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await until(async () => (await publisher.publish('news', 'after')) === 1);
    await until(() => heard.includes('after'));
    expect(hasReader(receiver.client)).toBe(true);
  });
});
