import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { firstValueFrom, filter, take, toArray } from 'rxjs';
import { bytes, Receiver, type ReceiverEvent } from '../../lib/index.js';
import { Hub } from '../../lib/hub/hub.js';
import { consumerWith } from '../support/consumer-with.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

let server: RedisServer;
let admin: ReturnType<typeof createClient>;

beforeAll(async () => {
  server = await RedisServer.start();
  admin = createClient({ url: server.url });
  await admin.connect();
});

afterAll(async () => {
  admin.destroy();
  await server.stop();
});

beforeEach(() => admin.flushAll());

const event = <T extends ReceiverEvent['type']>(receiver: Receiver<never>, type: T) =>
  firstValueFrom(
    (receiver as Receiver<unknown>).events.pipe(
      filter((one): one is Extract<ReceiverEvent, { type: T }> => one.type === type),
    ),
  );

const silent = <C extends { on(event: 'error', listener: () => void): unknown }>(client: C): C => {
  client.on('error', () => undefined);
  return client;
};

const clients = {
  'node-redis 6 on RESP3': () => silent(createClient({ url: server.url })),
  'node-redis 6 on RESP2': () => silent(createClient({ url: server.url, RESP: 2 })),
  'node-redis 5': () => silent(createClient5({ url: server.url })),
};

describe.each(Object.entries(clients))('on a real Redis, with %s', (_name, create) => {
  let client: ReturnType<typeof create>;
  let receiver: Receiver;

  beforeEach(async () => {
    client = create();
    await client.connect();
    receiver = new Receiver(client);
  });

  afterEach(async () => {
    await receiver.stop();
    if (client.isOpen) client.destroy();
  });

  it('merges channels, patterns and sharded channels in the order of their delivery', async () => {
    receiver.channel('a');
    receiver.channel('b');
    receiver.pattern('[ab]');
    receiver.shard('s');
    await receiver.connect();
    const sent = Array.from({ length: 500 }, (_, index) => ['a', 'b', 's'][index % 3] as 'a' | 'b' | 's');
    await Promise.all(
      sent.map((name, index) =>
        name === 's' ? admin.sPublish('s', `${index}`) : admin.publish(name, `${index}`),
      ),
    );
    const expected = sent.flatMap((name, index) => {
      const line = `${name} ${index}`;
      return name === 's' ? [line] : [line, `[ab] ${line}`];
    });
    const messages = await firstValueFrom(receiver.pipe(take(expected.length), toArray()));
    expect(
      messages.map(({ pattern, channel, data }) => [pattern, channel, data].filter(Boolean).join(' ')),
    ).toEqual(expected);
  });

  it('has subscribed when connect() resolves, and unsubscribed when stop() resolves', async () => {
    receiver.channel('a');
    receiver.pattern('p*');
    receiver.shard('s');
    await receiver.connect();
    expect(await admin.pubSubNumSub(['a'])).toMatchObject({ a: 1 });
    expect(await admin.pubSubNumPat()).toBe(1);
    expect(await admin.pubSubShardNumSub(['s'])).toMatchObject({ s: 1 });
    await receiver.stop();
    expect(await admin.pubSubNumSub(['a'])).toMatchObject({ a: 0 });
    expect(await admin.pubSubNumPat()).toBe(0);
    expect(await admin.pubSubShardNumSub(['s'])).toMatchObject({ s: 0 });
    expect(client.isOpen).toBe(true);
    expect(client.eventNames()).toEqual(['error']);
    expect(client.listenerCount('error')).toBe(1);
    // On RESP2, node-redis replies to PING with a Buffer once it has been in subscriber mode.
    expect(Buffer.from(await client.ping())).toEqual(Buffer.from('PONG'));
  });

  it('drains the messages published before the acknowledgement', async () => {
    receiver.channel('a');
    await receiver.connect();
    await Promise.all(Array.from({ length: 100 }, (_, index) => admin.publish('a', `${index}`)));
    await receiver.drain();
    expect(receiver.stats).toMatchObject({ received: 100, buffered: 100, late: 0 });
    await admin.publish('a', 'after');
    const data: string[] = [];
    for await (const message of receiver) data.push(message.data);
    expect(data).toEqual(Array.from({ length: 100 }, (_, index) => `${index}`));
  });

  it('delivers binary payloads byte for byte, besides text on the same name', async () => {
    const payload = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const binary = new Receiver(client, { codec: bytes });
    receiver.channel('a');
    binary.channel('a');
    await receiver.connect();
    await binary.connect();
    await admin.publish('a', payload);
    await expect(binary.get()).resolves.toMatchObject({ channel: 'a', data: payload });
    await expect(receiver.get()).resolves.toMatchObject({ channel: 'a', data: payload.toString() });
    await binary.stop();
  });

  it.each([1, 3])(
    'can be stopped inside a message on one of %d channels, which arrives once',
    async (count) => {
      const names = ['a', 'b', 'c'].slice(0, count);
      for (const name of names) receiver.channel(name);
      let received = 0;
      const stop = () => {
        received++;
        void receiver.stop();
      };
      const completed = new Promise<void>((complete) => receiver.subscribe({ next: stop, complete }));
      const others: string[] = [];
      await client.subscribe('b', (data) => void others.push(data));
      await receiver.connect();
      await Promise.all(names.map((name) => admin.publish(name, '1')));
      await completed;
      await receiver.stop();
      expect(received).toBe(1);
      expect(receiver.stats).toMatchObject({ received: 1, delivered: 1 });
      expect(receiver.stats.late).toBeLessThan(count);
      expect(others).toEqual(count > 1 ? ['1'] : []);
      expect(await admin.pubSubNumSub(['a', 'b', 'c'])).toEqual({ a: 0, b: 1, c: 0 });
    },
  );

  it.each(['in one chunk', 'one after the other'])(
    'receives messages of a name that is evicted and adopted while its SUBSCRIBE is in flight, acknowledged %s',
    async (how) => {
      const received: string[] = [];
      const hub = new Hub(client);
      const consumer = consumerWith({ receive: (data) => void received.push(data.toString()) });
      hub.attach('shard', 's', consumer);
      const eviction = hub.evict('shard', 's')!;
      const listeners = client.getPubSubListeners('SHARDED');
      if (how === 'one after the other') await until(() => listeners.has('s'));
      await new Promise<void>((onSubscribed) => {
        Object.assign(consumer, { onSubscribed });
        hub.adopt('shard', 's', eviction);
      });
      await admin.sPublish('s', '1');
      await until(() => received.length > 0);
      expect(received).toEqual(['1']);
      await new Promise<void>((onReleased) => {
        Object.assign(consumer, { onReleased });
        hub.detach('shard', 's', consumer, 'at-once');
      });
      expect(listeners.size).toBe(0);
      expect(await admin.pubSubShardNumSub(['s'])).toMatchObject({ s: 0 });
    },
  );

  it('treats the empty name as a name, not as all names', async () => {
    for (const name of ['', 'a']) receiver.channel(name);
    await receiver.connect();
    await receiver.channel('').close();
    expect(await admin.pubSubNumSub(['', 'a'])).toEqual({ '': 0, a: 1 });
    await admin.publish('a', '1');
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
  });

  it('receives the keyspace events of the server', async () => {
    await admin.configSet('notify-keyspace-events', 'KEA');
    receiver.pattern('__keyevent@0__:*');
    await receiver.connect();
    await admin.set('key', 'value');
    await expect(receiver.get()).resolves.toMatchObject({ channel: '__keyevent@0__:set', data: 'key' });
    await admin.configSet('notify-keyspace-events', '');
  });

  it('subscribes 2,000 channels, except the forbidden one', async () => {
    await admin.aclSetUser('limited', ['on', '>secret', '+@all', '~*', 'resetchannels', '&free:*']);
    await client.sendCommand(['AUTH', 'limited', 'secret']);
    const names = Array.from({ length: 2_000 }, (_, index) =>
      index === 1_234 ? 'forbidden' : `free:${index}`,
    );
    for (const name of names) receiver.channel(name);
    const refused = event(receiver as Receiver<never>, 'channel-error');
    await expect(receiver.connect()).rejects.toMatchObject({ code: 'ERR_SUBSCRIBE', channel: 'forbidden' });
    expect((await refused).source.name).toBe('forbidden');
    expect((await admin.sendCommand<string[]>(['PUBSUB', 'CHANNELS'])).length).toBe(1_999);
    await admin.publish('free:1999', 'received');
    await expect(receiver.get()).resolves.toMatchObject({ data: 'received' });
  });

  it('reconnects after a killed connection with one gap before the next message', async () => {
    for (const name of ['a', 'b']) receiver.channel(name);
    receiver.pattern('c*');
    const log: string[] = [];
    receiver.events.subscribe(({ type }) => type !== 'subscribed' && log.push(type));
    await receiver.connect();
    receiver.subscribe(({ data }) => log.push(data));
    await admin.publish('a', '1');
    await until(() => log.includes('1'));
    const gap = event(receiver as Receiver<never>, 'gap');
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    expect((await gap).gap.channels).toHaveLength(3);
    await admin.publish('c2', '2');
    await until(() => log.includes('2'));
    expect(log).toEqual(['1', 'disconnected', 'gap', '2']);
    expect((await gap).gap.since).toBeLessThanOrEqual((await gap).gap.until);
  });

  it('completes when the client is closed, and has no effect on the reopened client', async () => {
    receiver.channel('a');
    await receiver.connect();
    await admin.publish('a', '1');
    await until(() => receiver.stats.buffered === 1);
    await client.close();
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
    await client.connect();
    expect(await admin.pubSubNumSub(['a'])).toMatchObject({ a: 0 });
  });
});

describe('a permission that is revoked while subscribed', () => {
  it('fails only the forbidden Channel', async () => {
    await admin.aclSetUser('fickle', ['on', '>secret', '+@all', '~*', 'resetchannels', '&a', '&b']);
    const client = silent(createClient({ url: server.url, username: 'fickle', password: 'secret' }));
    await client.connect();
    const receiver = new Receiver(client);
    receiver.channel('a');
    receiver.channel('b');
    await receiver.connect();
    const refused = event(receiver as Receiver<never>, 'channel-error');
    const gap = event(receiver as Receiver<never>, 'gap');
    // Redis closes the connection of a subscriber whose channel has just been forbidden.
    await admin.aclSetUser('fickle', ['resetchannels', '&a']);
    expect((await refused).source.name).toBe('b');
    expect((await gap).gap.channels.map(({ name }) => name)).toEqual(['a']);
    await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_SUBSCRIBE', channel: 'b' });
    await admin.publish('a', '1');
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    await receiver.stop();
    client.destroy();
  });
});

describe('a client that gives up', () => {
  it.each([
    ['6', createClient],
    ['5', createClient5 as unknown as typeof createClient],
  ])(
    'ends the stream with ConnectionLostError after the queue, in node-redis %s',
    async (_version, create) => {
      await using own = await RedisServer.start();
      const client = silent(create({ url: own.url, socket: { reconnectStrategy: false } }));
      await client.connect();
      const receiver = new Receiver(client);
      receiver.channel('a');
      await receiver.connect();
      await client
        .duplicate()
        .connect()
        .then(async (other) => {
          await other.publish('a', '1');
          other.destroy();
        });
      await until(() => receiver.stats.buffered === 1);
      await own.kill();
      await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
      await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
      await receiver.stop();
    },
  );
});
