import { createClient } from 'redis';
import { bytes, json, Receiver, type Message } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { sharedRedis } from '../support/shared-redis.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const redis = sharedRedis();

async function open(RESP: 2 | 3 = 3) {
  return createClient({ url: redis.url, RESP }).connect();
}

describe('an invalidation of CLIENT TRACKING', () => {
  it.each([
    ['text', undefined, (data: unknown) => data],
    ['bytes', bytes, (data: unknown) => (data as Buffer).toString()],
  ] as const)(
    'arrives with one key per line, and as an empty payload for all keys, as %s',
    async (_, codec, show) => {
      const client = await open(2);
      const writer = await open();
      await writer.sendCommand([
        'CLIENT',
        'TRACKING',
        'ON',
        'REDIRECT',
        String(await client.clientId()),
        'BCAST',
      ]);
      const receiver = new Receiver<unknown>(client, { codec: codec as never });
      receiver.channel('__redis__:invalidate');
      await receiver.connect();
      const other = await open();
      await other.sendCommand(['MSET', 'user:1', 'x', 'user:2', 'y']);
      await until(() => receiver.stats.received === 1);
      await other.flushAll();
      await until(() => receiver.stats.received === 2);
      const keys = String(show((await receiver.get())?.data)).split('\n');
      expect(keys.sort()).toEqual(['user:1', 'user:2']);
      expect(show((await receiver.get())?.data)).toBe('');
      expect(receiver.stats).toMatchObject({
        received: 2,
        delivered: 2,
        buffered: 0,
        dropped: 0,
        undecodable: 0,
      });
      await receiver.stop();
      for (const it of [client, writer, other]) it.destroy();
    },
  );
});

describe('a channel whose name is not valid UTF-8', () => {
  it('is distinguished by its bytes if the codec is binary', async () => {
    const client = await open();
    const publisher = await open();
    const receiver = new Receiver<Buffer>(client, { codec: bytes });
    const messages: Message<Buffer>[] = [];
    receiver.pattern('key:*');
    receiver.subscribe((message) => messages.push(message));
    await receiver.connect();
    const names = [0xfe, 0xff].map((byte) => Buffer.concat([Buffer.from('key:'), Buffer.from([byte])]));
    for (const name of names) await publisher.publish(name, 'x');
    await until(() => messages.length === 2);
    expect(messages.map(({ rawChannel }) => rawChannel)).toEqual(names);
    expect(messages[0]?.channel).toBe(messages[1]?.channel);
    await receiver.stop();
    client.destroy();
    publisher.destroy();
  });

  it('has no bytes if the codec is not binary', async () => {
    const client = await open();
    const publisher = await open();
    const receiver = new Receiver<unknown>(client, { codec: json() });
    receiver.channel('a');
    await receiver.connect();
    await publisher.publish('a', '1');
    await expect(receiver.get()).resolves.toEqual({ source: receiver.channel('a'), channel: 'a', data: 1 });
    await receiver.stop();
    client.destroy();
    publisher.destroy();
  });
});

describe('a name to which other code on the client listens', () => {
  it('has a gap that begins when the Channel was subscribed', async () => {
    const client = createClient({ url: redis.url, socket: { reconnectStrategy: () => 10 } });
    client.on('error', () => undefined);
    await client.connect();
    await client.subscribe('a', () => undefined);
    const before = Date.now();
    const receiver = new Receiver(client);
    const since: number[] = [];
    receiver.events.subscribe((event) => event.type === 'gap' && since.push(event.gap.since));
    receiver.channel('a');
    await receiver.connect();
    const admin = await open();
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await until(() => since.length > 0);
    expect(since[0]).toBeGreaterThanOrEqual(before);
    await receiver.stop();
    client.destroy();
    admin.destroy();
  });

  it('stays registered for that code, even if its SUBSCRIBE crosses our UNSUBSCRIBE', async () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client, { autoStop: false });
    const theirs: string[] = [];
    client.withhold();
    const observer = receiver.channel('a').subscribe();
    void client.subscribe('a', (data) => void theirs.push(String(data)));
    client.acknowledgeNext();
    observer.unsubscribe();
    await until(() => client.log.includes('UNSUBSCRIBE a'));
    client.acknowledge();
    // Redis has dropped the name for both, but the client still wants it, and subscribes it again.
    client.disconnect();
    client.reconnect();
    client.publish('a', '1');
    expect(theirs).toEqual(['1']);
    await receiver.stop();
  });

  it.each([2, 3] as const)('loses no message under way when the Receiver drains, on RESP%i', async (RESP) => {
    await using proxy = await TcpProxy.start(Number(new URL(redis.url).port));
    const client = await createClient({ url: proxy.url, RESP }).connect();
    const publisher = await open();
    await client.subscribe('a', () => undefined);
    const receiver = new Receiver(client);
    const received: string[] = [];
    receiver.channel('a');
    receiver.subscribe(({ data }) => received.push(data));
    await receiver.connect();
    proxy.hold('to-client');
    await publisher.publish('a', '1');
    const draining = receiver.drain();
    proxy.release('to-client');
    await draining;
    await publisher.publish('a', '2');
    expect(received).toEqual(['1']);
    client.destroy();
    publisher.destroy();
  });
});
