import { createClient } from 'redis';
import { filter, firstValueFrom } from 'rxjs';
import { bytes, Channel, json, Receiver, text } from '../../lib/index.js';
import type { Message, ReceiverEvent, ReceiverOptions } from '../../lib/index.js';
import { RedisServer } from '../support/redis-server.js';
import { sharedRedis } from '../support/shared-redis.js';
import { until } from '../support/until.js';

type Client = Awaited<ReturnType<typeof connect>>;

async function connect(url: string, reconnect = true) {
  const client = createClient({ url, ...(reconnect ? {} : { socket: { reconnectStrategy: false } }) });
  client.on('error', () => undefined);
  return client.connect();
}

async function collect<T>(source: AsyncIterable<Message<T>>): Promise<T[]> {
  const all: T[] = [];
  for await (const { data } of source) all.push(data);
  return all;
}

const nextEvent = <K extends ReceiverEvent['type']>({ events }: Receiver, type: K) =>
  firstValueFrom(
    events.pipe(filter((event): event is Extract<ReceiverEvent, { type: K }> => event.type === type)),
  );

/** Tests the behaviour of the Receiver of aioredis 1.3 on a real server. */
describe('like the Receiver of aioredis', () => {
  const redis = sharedRedis();
  let client: Client;
  let publisher: Client;
  let receiver: Receiver;

  beforeEach(async () => {
    client = await connect(redis.url);
    publisher = await connect(redis.url);
    receiver = new Receiver(client);
  });

  afterEach(async () => {
    await receiver.stop();
    publisher.destroy();
    if (client.isOpen) client.destroy();
  });

  const recreate = (options: ReceiverOptions<string>) => (receiver = new Receiver(client, options));
  const queued = (count: number) =>
    until(() => receiver.stats.buffered === count, { message: `${String(count)} messages are in the queue` });

  describe.each(['channel', 'pattern'] as const)('%s()', (kind) => {
    const map = () => (kind === 'channel' ? receiver.channels : receiver.patterns);
    const otherMap = () => (kind === 'channel' ? receiver.patterns : receiver.channels);

    it('returns the same Channel for the same name, with its name and kind', () => {
      const channel = receiver[kind]('news');
      expect(channel).toBeInstanceOf(Channel);
      expect(receiver[kind]('news')).toBe(channel);
      expect(receiver[kind]('other')).not.toBe(channel);
      expect(channel).toMatchObject({ name: 'news', isPattern: kind === 'pattern', isActive: true });
    });

    it('returns a new Channel once the old one is closed', async () => {
      recreate({ autoStop: false });
      const channel = receiver[kind]('news');
      await channel.close();
      await channel.close();
      expect(channel.isActive).toBe(false);

      const next = receiver[kind]('news');
      expect(next).not.toBe(channel);
      expect([...map()]).toEqual([['news', next]]);
    });

    it('lists its Channels in a read-only map', () => {
      const channels = [receiver[kind]('b'), receiver[kind]('a')];
      expect([...map().values()]).toEqual(channels);
      expect([...map().keys()]).toEqual(['b', 'a']);
      expect([...otherMap()]).toEqual([]);
      expect(map()).not.toHaveProperty('set');
      expect(map()).not.toHaveProperty('delete');
    });
  });

  it('distinguishes a channel and a pattern of the same name', () => {
    expect(receiver.channel('*')).not.toBe(receiver.pattern('*'));
  });

  describe('isActive', () => {
    it('is true while there is a channel or a pattern', async () => {
      recreate({ autoStop: false });
      expect(receiver.isActive).toBe(false);
      const channel = receiver.channel('news');
      const pattern = receiver.pattern('*');
      await channel.close();
      expect(receiver.isActive).toBe(true);
      await pattern.close();
      expect(receiver.isActive).toBe(false);
    });

    it('stays true after stop() until the queue is empty', async () => {
      receiver.channel('news');
      await receiver.connect();
      await publisher.publish('news', 'last');
      await queued(1);
      await receiver.stop();
      expect(receiver.isActive).toBe(true);
      await receiver.get();
      expect(receiver.isActive).toBe(false);
    });
  });

  describe('messages', () => {
    it('arrive in the order in which Redis delivers them, each with its source', async () => {
      const one = receiver.channel('chat:1');
      const two = receiver.channel('chat:2');
      const all = receiver.pattern('chat:*');
      await receiver.connect();
      await publisher.publish('chat:2', 'a');
      await publisher.publish('chat:1', 'b');
      await publisher.publish('chat:3', 'c');
      await queued(5);
      void receiver.stop();

      const messages: Message[] = [];
      for await (const message of receiver) messages.push(message);
      expect(messages).toEqual([
        { source: two, channel: 'chat:2', data: 'a' },
        { source: all, channel: 'chat:2', pattern: 'chat:*', data: 'a' },
        { source: one, channel: 'chat:1', data: 'b' },
        { source: all, channel: 'chat:1', pattern: 'chat:*', data: 'b' },
        { source: all, channel: 'chat:3', pattern: 'chat:*', data: 'c' },
      ]);
    });

    it('continue after one of the channels is closed', async () => {
      const one = receiver.channel('chat:1');
      receiver.channel('chat:2');
      await receiver.connect();
      await one.close();
      await expect(publisher.publish('chat:1', 'nobody')).resolves.toBe(0);
      await expect(publisher.publish('chat:2', 'somebody')).resolves.toBe(1);
      await expect(receiver.get()).resolves.toMatchObject({ channel: 'chat:2', data: 'somebody' });
    });

    it('arrive from a channel that is added later', async () => {
      receiver.channel('chat:1');
      const next = receiver.get();
      await receiver.channel('chat:2').whenSubscribed();
      await publisher.publish('chat:2', 'here');
      await expect(next).resolves.toMatchObject({ channel: 'chat:2', data: 'here' });
    });
  });

  describe('get()', () => {
    it('decodes with its codec: text, bytes, JSON', async () => {
      const raw = new Receiver(client, { codec: bytes });
      raw.channel('news');
      await raw.connect();
      const payload = '{"grüße":"world"}';
      for (let i = 0; i < 3; i++) await publisher.publish('news', payload);

      await expect(raw.get()).resolves.toMatchObject({ data: Buffer.from(payload) });
      await expect(raw.get({ codec: text })).resolves.toMatchObject({ data: payload });
      await expect(raw.get({ codec: json() })).resolves.toMatchObject({ data: { grüße: 'world' } });
      await raw.stop();
    });

    it('decodes messages of a pattern, too', async () => {
      receiver.pattern('n*');
      await receiver.connect();
      await publisher.publish('news', '[1,2]');
      await expect(receiver.get({ codec: json() })).resolves.toMatchObject({
        channel: 'news',
        pattern: 'n*',
        data: [1, 2],
      });
    });

    it('rejects when the codec fails, and loses only that message', async () => {
      receiver.channel('news');
      await receiver.connect();
      await publisher.publish('news', 'no JSON');
      await publisher.publish('news', '"JSON"');
      await expect(receiver.get({ codec: json() })).rejects.toMatchObject({
        code: 'ERR_DECODE',
        raw: { channel: 'news', data: 'no JSON' },
      });
      await expect(receiver.get({ codec: json() })).resolves.toMatchObject({ data: 'JSON' });
    });

    it('resolves to undefined when the Receiver stops while it waits', async () => {
      receiver.channel('news');
      const waiting = receiver.get();
      await receiver.stop();
      await expect(waiting).resolves.toBeUndefined();
    });
  });

  describe('waitMessage()', () => {
    it('resolves to true when there is a message, and does not take it', async () => {
      receiver.channel('news');
      const waiting = receiver.waitMessage();
      await receiver.connect();
      await publisher.publish('news', 'hello');
      await expect(waiting).resolves.toBe(true);
      await expect(receiver.waitMessage()).resolves.toBe(true);
      await expect(receiver.get()).resolves.toMatchObject({ data: 'hello' });
    });

    it('resolves to false when no message will come', async () => {
      receiver.channel('news');
      const waiting = receiver.waitMessage();
      await receiver.stop();
      await expect(waiting).resolves.toBe(false);
      await expect(receiver.waitMessage()).resolves.toBe(false);
    });

    it('is usable as the condition of a loop over all messages', async () => {
      receiver.channel('news');
      await receiver.connect();
      for (const data of ['1', '2', '3']) await publisher.publish('news', data);
      await queued(3);
      await receiver.stop();

      const taken: (string | undefined)[] = [];
      while (await receiver.waitMessage()) taken.push((await receiver.get())?.data);
      expect(taken).toEqual(['1', '2', '3']);
    });
  });

  describe('iteration', () => {
    it('ends after stop(), when the queue is empty', async () => {
      receiver.channel('news');
      await receiver.connect();
      await publisher.publish('news', '1');
      await publisher.publish('news', '2');
      await queued(2);
      void receiver.stop();
      await expect(collect(receiver)).resolves.toEqual(['1', '2']);
      expect(receiver.isActive).toBe(false);
    });

    it('ends at stop() while it waits on an empty queue', async () => {
      const channel = receiver.channel('news');
      const all = collect(receiver);
      await channel.whenSubscribed();
      void receiver.stop();
      await expect(all).resolves.toEqual([]);
      expect(receiver.isActive).toBe(false);
    });
  });

  describe('stop()', () => {
    it('leaves the queue readable; then get() rejects', async () => {
      receiver.channel('news');
      await receiver.connect();
      await publisher.publish('news', '1');
      await publisher.publish('news', '2');
      await queued(2);
      await receiver.stop();

      await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
      await expect(receiver.get()).resolves.toMatchObject({ data: '2' });
      await expect(receiver.get()).rejects.toMatchObject({
        name: 'ChannelClosedError',
        code: 'ERR_CHANNEL_CLOSED',
      });
    });

    it('makes the Receiver ignore late messages, and emit an event for each', async () => {
      const news = receiver.channel('news');
      await receiver.connect();
      const late = nextEvent(receiver, 'late');
      // Both commands leave in this order on one connection, so that the message arrives after stop().
      const published = client.publish('news', 'too late');
      await receiver.stop();

      await expect(published).resolves.toBe(1);
      await expect(late).resolves.toEqual({ type: 'late', source: news, channel: 'news', data: 'too late' });
      expect(receiver.stats).toMatchObject({ received: 0, buffered: 0, late: 1 });
      await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
    });

    it('unsubscribes all Channels, and leaves the client open', async () => {
      receiver.channel('news');
      receiver.pattern('*');
      await receiver.connect();
      await receiver.stop();
      await expect(publisher.publish('news', 'nobody')).resolves.toBe(0);
      await expect(client.ping()).resolves.toBe('PONG');
    });

    it('happens automatically when the last channel is closed', async () => {
      const channel = receiver.channel('news');
      const pattern = receiver.pattern('*');
      const all = collect(receiver);
      await Promise.all([channel.whenSubscribed(), pattern.whenSubscribed()]);
      await channel.close();
      expect(receiver.isActive).toBe(true);
      await pattern.close();
      await expect(all).resolves.toEqual([]);
      expect(() => receiver.channel('news')).toThrow(expect.objectContaining({ code: 'ERR_CHANNEL_CLOSED' }));
    });

    it('does not happen automatically with autoStop: false', async () => {
      recreate({ autoStop: false });
      const first = receiver.channel('first');
      await receiver.connect();
      const next = receiver.get();
      await first.close();
      await receiver.channel('second').whenSubscribed();
      await publisher.publish('second', 'still here');
      await expect(next).resolves.toMatchObject({ data: 'still here' });
    });
  });

  describe('the end of the connection', () => {
    it.each(['close', 'destroy'] as const)(
      'by client.%s() leaves the queue readable and ends the stream',
      async (how) => {
        receiver.channel('news');
        await receiver.connect();
        await publisher.publish('news', 'last');
        await queued(1);
        await client[how]();
        await expect(collect(receiver)).resolves.toEqual(['last']);
        await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
      },
    );

    it('ends a waiting iteration', async () => {
      const channel = receiver.channel('news');
      const all = collect(receiver);
      await channel.whenSubscribed();
      client.destroy();
      await expect(all).resolves.toEqual([]);
    });

    it('by a client that gives up puts an error behind the queue', async () => {
      await using server = await RedisServer.start();
      const withoutRetries = await connect(server.url, false);
      receiver = new Receiver(withoutRetries);
      receiver.channel('news');
      await receiver.connect();
      await withoutRetries.publish('news', 'last');
      await queued(1);
      await server.kill();
      await until(() => !withoutRetries.isOpen, { message: 'the client has given up' });

      await expect(receiver.get()).resolves.toMatchObject({ data: 'last' });
      const lost = { name: 'ConnectionLostError', code: 'ERR_CONNECTION_LOST' };
      await expect(receiver.get()).rejects.toMatchObject(lost);
      await expect(collect(receiver)).rejects.toMatchObject(lost);
    });

    // The two packages differ here: aioredis does not reconnect, and its Receiver stops.
    it('is not caused by a reconnection, which is a gap', async () => {
      const news = receiver.channel('news');
      await receiver.connect();
      const gap = nextEvent(receiver, 'gap');
      await publisher.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
      await expect(gap).resolves.toMatchObject({ gap: { cause: 'reconnect', channels: [news] } });
      await publisher.publish('news', 'back again');
      await expect(receiver.get()).resolves.toMatchObject({ data: 'back again' });
    });
  });
});
