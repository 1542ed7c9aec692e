import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate } from 'node:timers/promises';
import { RESP_TYPES } from 'redis';
import { config } from 'rxjs';
import { Receiver, retryRecoverable, type SubscriptionKind, type ReceiverEvent } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { keySlot } from '../../lib/hub/key-slot.js';
import {
  clientUnderTest,
  clusterUnderTest,
  nodeRedisClient,
  PROTOCOLS,
  type ClientUnderTest,
} from '../support/client-under-test.js';
import { describeNodeRedis, itNodeRedis } from '../support/node-redis-only.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisNode } from '../support/redis-node.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { unlessNotSubscribed } from '../support/unless-not-subscribed.js';
import { until } from '../support/until.js';

type Client = ClientUnderTest;

function open(url: string, options: { RESP?: 2 | 3 } = {}) {
  const client = clientUnderTest({ url, ...options, socket: { reconnectStrategy: () => 10 } });
  opened.push(client);
  return client;
}

/** Observes a Channel of a new Receiver, and logs its messages and gaps. */
async function listen(client: Client, kind: SubscriptionKind = 'channel', name = 'news') {
  const receiver = new Receiver(client, { autoStop: false });
  const events: ReceiverEvent[] = [];
  const received: string[] = [];
  receiver.events.subscribe((event) => events.push(event));
  const channel = receiver[kind](name);
  receiver.subscribe({ next: ({ data }) => received.push(data), error: () => undefined });
  await receiver.connect();
  const types = () => events.map(({ type }) => type);
  const gaps = () => events.flatMap((event) => (event.type === 'gap' ? [event.gap] : []));
  return { receiver, channel, events, received, types, gaps };
}

/** Sends the clients of a proxy a maintenance push that moves them to new connections through the same proxy. */
function move(proxy: TcpProxy): void {
  const address = `127.0.0.1:${proxy.port}`;
  proxy.inject(`>4\r\n$6\r\nMOVING\r\n:1\r\n:15\r\n$${address.length}\r\n${address}\r\n`);
}

/** Resolves at the next message on a diagnostics channel. */
function once(name: string): Promise<void> {
  return new Promise((resolve) => {
    const onMessage = () => {
      unsubscribe(name, onMessage);
      resolve();
    };
    subscribe(name, onMessage);
  });
}

/** Unsubscribes a channel on the connection of a client, without notice to the client or the Receiver. */
async function dropInSilence(client: Client, name: string): Promise<void> {
  const listeners = client.getPubSubListeners('CHANNELS').get(name)!;
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf(client)) as Client;
  await prototype.UNSUBSCRIBE.call(client, name);
  client.getPubSubListeners('CHANNELS').set(name, listeners);
}

let server: RedisServer;
let admin: Client;
const opened: { isOpen: boolean; destroy(): void }[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
  admin = await nodeRedisClient({ url: server.url, socket: { reconnectStrategy: () => 10 } }).connect();
});

afterEach(() => {
  for (const client of opened.splice(0)) if (client !== admin && client.isOpen) client.destroy();
});

afterAll(async () => {
  admin.destroy();
  await server.stop();
});

describeNodeRedis('a name that other code unsubscribes on the client', () => {
  let client: Client;

  afterEach(() => client.destroy());

  it.each([2, 3] as const)('by unsubscribe(name) is resubscribed, with a gap, on RESP%i', async (RESP) => {
    client = await open(server.url, { RESP }).connect();
    const { channel, received, gaps } = await listen(client);
    const before = Date.now();
    await client.unsubscribe('news');
    await until(() => gaps().length > 0);
    await channel.whenSubscribed();
    await admin.publish('news', '1');
    await until(() => received.length > 0);
    expect(gaps()).toHaveLength(1);
    expect(gaps()[0]?.channels).toEqual([channel]);
    expect(gaps()[0]?.since).toBeGreaterThanOrEqual(before);
  });

  it.each([
    ['unsubscribe()', 'channel', 'news', (it: Client) => it.unsubscribe()],
    ['UNSUBSCRIBE(name)', 'channel', 'news', (it: Client) => it.UNSUBSCRIBE('news')],
    ['pUnsubscribe()', 'pattern', 'n*', (it: Client) => it.pUnsubscribe()],
    ['pUnsubscribe(glob)', 'pattern', 'n*', (it: Client) => it.pUnsubscribe('n*')],
    ['sUnsubscribe(name)', 'shard', 'news', (it: Client) => it.sUnsubscribe('news')],
    [
      'unsubscribe() on a view',
      'channel',
      'news',
      (it: Client) => it.withTypeMapping({}).unsubscribe('news'),
    ],
  ] as const)('by %s comes back', async (_, kind, name, act) => {
    client = await open(server.url).connect();
    const { received, gaps } = await listen(client, kind, name);
    await act(client);
    await until(() => gaps().length > 0);
    await (kind === 'shard' ? admin.sPublish('news', '1') : admin.publish('news', '1'));
    await until(() => received.length > 0);
    expect(gaps()).toHaveLength(1);
  });

  it.each([2, 3] as const)('by reset() is resubscribed, with a gap, on RESP%i', async (RESP) => {
    client = await open(server.url, { RESP }).connect();
    const { channel, received, gaps } = await listen(client);
    await client.reset();
    await until(() => gaps().length > 0);
    await channel.whenSubscribed();
    await admin.publish('news', '1');
    await until(() => received.length > 0);
    expect(gaps()).toHaveLength(1);
  });

  it.each([2, 3] as const)(
    'by a raw UNSUBSCRIBE in a transaction is resubscribed at once, on RESP%i',
    async (RESP) => {
      client = await open(server.url, { RESP }).connect();
      const receiver = new Receiver(client, { heartbeat: 0 });
      const received: string[] = [];
      receiver.channel('news').subscribe(({ data }) => received.push(data));
      await receiver.channel('news').whenSubscribed();
      const transaction = client.multi().addCommand(['UNSUBSCRIBE', 'news']);
      transaction.exec().catch(() => undefined);
      await until(async () => {
        await admin.publish('news', '1');
        return received.length > 0;
      });
      await until(() => receiver.stats.gaps === 1);
    },
  );

  it('by a raw UNSUBSCRIBE is resubscribed at once', async () => {
    client = await open(server.url).connect();
    const { received, gaps } = await listen(client);
    client.sendCommand(['UNSUBSCRIBE', 'news']).catch(() => undefined);
    await until(async () => {
      await admin.publish('news', '1');
      return received.length > 0;
    });
    await until(() => gaps().length === 1);
  });

  it('is delivered to a Receiver that connects afterwards, and after a reconnection', async () => {
    client = await open(server.url).connect();
    const { received } = await listen(client);
    await client.unsubscribe('news');
    const second = await listen(client);
    await admin.publish('news', '1');
    await until(() => received.length > 0 && second.received.length > 0);
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await until(() => second.gaps().length > 0);
    await admin.publish('news', '2');
    await until(() => received.length > 1 && second.received.length > 1);
    expect(received).toEqual(['1', '2']);
  });

  describe.each([2, 3] as const)('by its own subscribe and unsubscribe, on RESP%i,', (RESP) => {
    const theirs = () => undefined;
    type Act = (it: Client, observe: () => void) => Promise<unknown>;

    it.each<[string, Act]>([
      [
        'that begin before',
        (it, observe) => {
          const done = it.subscribe('cross', theirs).then(() => it.unsubscribe('cross', theirs));
          observe();
          return done;
        },
      ],
      [
        'between which',
        async (it, observe) => {
          const subscribed = it.subscribe('cross', theirs);
          await setImmediate();
          observe();
          await subscribed;
          await it.unsubscribe('cross', theirs);
        },
      ],
      [
        'that wait for no reply, and between which',
        (it, observe) => {
          const subscribed = it.subscribe('cross', theirs);
          observe();
          return Promise.all([subscribed, it.unsubscribe('cross', theirs)]);
        },
      ],
      [
        'that begin after',
        async (it, observe) => {
          observe();
          await it.subscribe('cross', theirs);
          await it.unsubscribe('cross', theirs);
        },
      ],
    ])('%s ours is sent, is subscribed when it is reported as subscribed', async (_, act) => {
      client = await open(server.url, { RESP }).connect();
      // Without a heartbeat, no comparison with Redis helps.
      const receiver = new Receiver(client, { heartbeat: 0 });
      const received: string[] = [];
      await act(client, () => void receiver.channel('cross').subscribe(({ data }) => received.push(data)));
      await receiver.channel('cross').whenSubscribed();
      await until(async () => {
        await admin.publish('cross', '1');
        return received.length > 0;
      });
      await receiver.stop();
      expect((await admin.pubSubNumSub(['cross'])).cross).toBe(0);
    });
  });

  it.each([2, 3] as const)(
    'is resubscribed if all names of one kind are unsubscribed while those of another are being resubscribed, on RESP%i',
    async (RESP) => {
      await using proxy = await TcpProxy.start(server.port);
      client = await open(proxy.url, { RESP }).connect();
      const receiver = new Receiver(client, { heartbeat: 0 });
      const received: string[] = [];
      receiver.channel('news');
      receiver.pattern('n*');
      receiver.subscribe(({ source, data }) => received.push(`${source.name} ${data}`));
      await receiver.connect();
      // The second command is sent before the reply to the first arrives, and reaches Redis after our resubscription.
      const seen = proxy.seen('to-server');
      proxy.hold('to-client');
      const first = client.unsubscribe();
      await until(() => proxy.seen('to-server') > seen);
      proxy.hold('to-server');
      const second = client.pUnsubscribe();
      proxy.release('to-client');
      await first;
      await setImmediate();
      proxy.release('to-server');
      await second;
      await until(async () => (await admin.pubSubNumSub(['news'])).news === 1);
      await until(async () => (await admin.pubSubNumPat()) === 1);
      await receiver.channel('news').whenSubscribed();
      await receiver.pattern('n*').whenSubscribed();
      await admin.publish('news', '1');
      await until(() => received.length === 2);
      expect(received).toEqual(['news 1', 'n* 1']);
      await receiver.stop();
    },
  );

  it.each([2, 3] as const)(
    'does not block the client forever if its UNSUBSCRIBE crosses our resubscription, on RESP%i',
    async (RESP) => {
      await using proxy = await TcpProxy.start(server.port);
      client = await open(proxy.url, { RESP }).connect();
      const receiver = new Receiver(client, { heartbeat: 0 });
      const received: string[] = [];
      receiver.channel('news').subscribe(({ data }) => received.push(data));
      await receiver.channel('news').whenSubscribed();
      // The reply to the first command makes us resubscribe: after the second command, and before the third.
      const seen = proxy.seen('to-server');
      proxy.hold('to-client');
      const first = client.unsubscribe('news');
      await until(() => proxy.seen('to-server') > seen);
      proxy.hold('to-server');
      const second = unlessNotSubscribed(client.unsubscribe('news'));
      proxy.release('to-client');
      await first;
      const third = unlessNotSubscribed(client.pUnsubscribe());
      await setImmediate();
      proxy.release('to-server');
      await Promise.all([second, third]);
      await receiver.channel('news').whenSubscribed();
      await admin.publish('news', '1');
      await until(() => received.length > 0);
      expect(received).toEqual(['1']);
      await receiver.stop();
    },
  );

  it.each([2, 3] as const)(
    'while our SUBSCRIBE is in flight has a gap if a message has arrived already, on RESP%i',
    async (RESP) => {
      await using proxy = await TcpProxy.start(server.port);
      client = await open(proxy.url, { RESP }).connect();
      const receiver = new Receiver(client, { heartbeat: 0 });
      const channel = receiver.channel('news');
      const log: string[] = [];
      receiver.events.subscribe(({ type }) => log.push(type));
      proxy.hold('to-client');
      channel.subscribe(({ data }) => log.push(data));
      await until(async () => (await admin.pubSubNumSub(['news'])).news === 1);
      await admin.publish('news', '1');
      const unsubscribed = client.unsubscribe('news');
      await until(async () => (await admin.pubSubNumSub(['news'])).news === 0);
      await admin.publish('news', 'lost');
      proxy.release('to-client');
      await unsubscribed;
      await until(() => log.includes('gap'));
      await channel.whenSubscribed();
      await admin.publish('news', '2');
      await until(() => log.includes('2'));
      expect(log).toEqual(['subscribed', '1', 'gap', '2']);
      await receiver.stop();
    },
  );

  it.each([2, 3] as const)(
    'does not block the client forever if Redis has just acknowledged the name, on RESP%i',
    async (RESP) => {
      await using proxy = await TcpProxy.start(server.port);
      client = await open(proxy.url, { RESP }).connect();
      const receiver = new Receiver(client, { heartbeat: 0 });
      const received: string[] = [];
      proxy.hold('to-client');
      receiver.pattern('n*').subscribe(({ data }) => received.push(data));
      await until(async () => (await admin.pubSubNumPat()) === 1);
      const unsubscribed = Promise.all([client.unsubscribe(), client.pUnsubscribe('n*')]);
      await until(async () => (await admin.pubSubNumPat()) === 0);
      // The acknowledgement arrives some turns before the other replies.
      proxy.splitNext(1);
      proxy.release('to-client');
      await unsubscribed;
      await receiver.pattern('n*').whenSubscribed();
      await admin.publish('news', '1');
      await until(() => received.length > 0);
      await receiver.stop();
    },
  );

  it('leaves no trace on the client when the Receiver has stopped', async () => {
    client = await open(server.url).connect();
    const methods = ['unsubscribe', 'pUnsubscribe', 'sUnsubscribe', 'sendCommand', 'UNSUBSCRIBE'] as const;
    const before = methods.map((method) => client[method]);
    const { receiver } = await listen(client);
    await receiver.stop();
    expect(methods.map((method) => client[method])).toEqual(before);
    expect(client.eventNames()).toEqual(['error']);
  });

  it('is resubscribed by the in-memory client, too', async () => {
    client = await open(server.url).connect();
    const memory = new MemoryPubSub();
    const receiver = new Receiver(memory);
    const received: string[] = [];
    const gaps: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => event.type === 'gap' && gaps.push(event));
    receiver.channel('a').subscribe(({ data }) => received.push(data));
    await memory.unsubscribe('a');
    await receiver.channel('a').whenSubscribed();
    memory.publish('a', '1');
    expect(received).toEqual(['1']);
    expect(gaps).toHaveLength(1);
  });
});

describeNodeRedis('a view of a client, made by withTypeMapping(),', () => {
  it('keeps no listener of ours, and reports an outage to a second Receiver', async () => {
    const client = await open(server.url).connect();
    const view = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    await (await listen(view as never)).receiver.stop();
    expect(view.eventNames()).toEqual(['error']);
    const { types, received, receiver } = await listen(view as never);
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await until(() => types().includes('gap'));
    await admin.publish('news', '1');
    await until(() => received.length > 0);
    await receiver.stop();
    expect(client.eventNames()).toEqual(['error']);
    client.destroy();
  });
});

describeNodeRedis('a subscription that Redis has dropped', () => {
  it('after a maintenance push has made the client change its socket is renewed, with one gap', async () => {
    await using proxy = await TcpProxy.start(server.port);
    const client = await open(proxy.url).connect();
    const { received, gaps, receiver } = await listen(client);
    move(proxy);
    await until(() => gaps().length > 0);
    await admin.publish('news', '1');
    await until(() => received.length > 0);
    expect(gaps()).toHaveLength(1);
    await receiver.stop();
    client.destroy();
  });

  it.each([
    ['a subscription that is under way', (receiver: Receiver) => void receiver.channel('late').subscribe()],
    ['an UNSUBSCRIBE that is under way', (receiver: Receiver) => void receiver.channel('other').close()],
  ])('by a maintenance push is renewed without a heartbeat, during %s', async (_, act) => {
    await using proxy = await TcpProxy.start(server.port);
    const client = await open(proxy.url).connect();
    const receiver = new Receiver(client, { heartbeat: 0, autoStop: false });
    const received: string[] = [];
    receiver.channel('other');
    receiver.channel('news').subscribe(({ data }) => received.push(data));
    await receiver.connect();
    // Commands sent from then on wait for the new socket.
    const notified = once('node-redis:maintenance');
    const moved = once('node-redis:connection:handoff');
    move(proxy);
    await notified;
    act(receiver);
    await moved;
    await until(async () => {
      await admin.publish('news', '1');
      return received.length > 0;
    });
    await receiver.stop();
    client.destroy();
  });

  it('by several maintenance pushes is renewed each time without a heartbeat, with a gap', async () => {
    await using proxy = await TcpProxy.start(server.port);
    const client = await open(proxy.url).connect();
    const receiver = new Receiver(client, { heartbeat: 0 });
    const gaps: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => event.type === 'gap' && gaps.push(event));
    receiver.channel('news').subscribe();
    await receiver.channel('news').whenSubscribed();
    for (let moves = 1; moves <= 3; moves++) {
      move(proxy);
      await until(() => gaps.length === moves);
      expect((await admin.pubSubNumSub(['news'])).news).toBe(1);
    }
    await receiver.stop();
    client.destroy();
  });

  it('several times is detected each time by the heartbeat', async () => {
    const client = await open(server.url).connect();
    const receiver = new Receiver(client, { heartbeat: 50 });
    const gaps: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => event.type === 'gap' && gaps.push(event));
    receiver.channel('news').subscribe();
    await receiver.channel('news').whenSubscribed();
    for (let losses = 1; losses <= 3; losses++) {
      await dropInSilence(client, 'news');
      await until(() => gaps.length === losses);
    }
    await receiver.stop();
    client.destroy();
  });

  it('again before Redis has reported its counts is detected by the heartbeat', async () => {
    await using proxy = await TcpProxy.start(server.port);
    const client = await open(proxy.url).connect();
    const receiver = new Receiver(client, { heartbeat: 50 });
    let gaps = 0;
    receiver.events.subscribe(({ type }) => {
      // The hub asks for the counts after the event; the reply waits behind that of the next UNSUBSCRIBE.
      if (type === 'gap' && ++gaps === 1) proxy.hold('to-client');
    });
    receiver.channel('news').subscribe();
    await receiver.channel('news').whenSubscribed();
    await dropInSilence(client, 'news');
    await until(() => gaps === 1);
    const dropped = dropInSilence(client, 'news');
    await until(async () => (await admin.pubSubNumSub(['news'])).news === 0);
    proxy.release('to-client');
    await dropped;
    await until(() => gaps === 2);
    await receiver.stop();
    client.destroy();
  });

  it('without any notice is detected by the heartbeat', async () => {
    const client = await open(server.url).connect();
    const receiver = new Receiver(client, { heartbeat: 50 });
    const gaps: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => event.type === 'gap' && gaps.push(event));
    const received: string[] = [];
    receiver.channel('a');
    receiver.channel('b');
    receiver.subscribe(({ data }) => received.push(data));
    await receiver.connect();
    // Redis lacks a name of other code: the hub does not repair it, and does not report a gap for it at each heartbeat.
    client.getPubSubListeners('CHANNELS').set('theirs', {
      unsubscribing: false,
      buffers: new Set(),
      strings: new Set([() => undefined]),
    });
    await until(() => gaps.length > 0);
    await admin.publish('a', '1');
    await until(() => received.length > 0);
    client.getPubSubListeners('CHANNELS').get('a')?.strings.clear();
    await until(() => gaps.length > 1);
    await admin.publish('a', '2');
    await until(() => received.length > 1);
    expect(gaps).toHaveLength(2);
    await receiver.stop();
    client.destroy();
  });
});

describe.each(PROTOCOLS)('a reader that fails, on RESP%i,', (RESP) => {
  afterEach(() => (config.onUnhandledError = null));

  itNodeRedis('because a listener of the user throws, is an outage, with a gap and a recovery', async () => {
    const client = await open(server.url, { RESP }).connect();
    const { received, gaps, receiver } = await listen(client);
    let shouldThrow = true;
    await client.subscribe('other', () => {
      if (shouldThrow) throw new Error('thrown by a listener of the user');
    });
    await admin.publish('news', '1');
    await until(() => received.length > 0);
    await admin.publish('other', 'x');
    await until(() => gaps().length > 0);
    shouldThrow = false;
    await admin.publish('news', '2');
    await until(() => received.includes('2'));
    expect(gaps().map(({ cause }) => cause)).toEqual(['reconnect']);
    await receiver.stop();
    client.destroy();
  });

  it('because of invalid bytes, is an outage, too', async () => {
    await using proxy = await TcpProxy.start(server.port);
    const client = await open(proxy.url, { RESP }).connect();
    const { received, gaps, receiver } = await listen(client);
    proxy.inject('?\r\n');
    await until(() => gaps().length > 0);
    await admin.publish('news', '1');
    await until(() => received.length > 0);
    await receiver.stop();
    client.destroy();
  });
});

it('a reader that fails while a SUBSCRIBE is in flight leaves nothing of a name that was left meanwhile', async () => {
  const client = new MemoryPubSub();
  const receiver = new Receiver(client, { autoStop: false });
  receiver.channel('news');
  await receiver.connect();
  client.withhold();
  const left = receiver.channel('left').close();
  client.emit('error', new TypeError('thrown by a listener'));
  expect(client.log.slice(1)).toEqual(['SUBSCRIBE left', 'SUBSCRIBE news', 'UNSUBSCRIBE left']);
  // Each acknowledgement is in a chunk of its own.
  while (client.acknowledgeNext()) await setImmediate();
  await left;
  client.acknowledge();
  expect([...client.getPubSubListeners('CHANNELS').keys()]).toEqual(['news']);
  client.disconnect();
  client.reconnect();
  expect(client.subscriptions('channel')).toEqual(['news']);
  await receiver.stop();
});

it('a reader that fails on a node of a cluster is an outage, with a gap and a recovery', async () => {
  const node = await RedisNode.start(['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']);
  await node.ask('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await until(async () => (await node.field('cluster_state', 'CLUSTER', 'INFO')) === 'ok');
  {
    await using proxy = await TcpProxy.start(node.port);
    const client = clusterUnderTest({
      rootNodes: [{ url: node.server.url }],
      nodeAddressMap: () => ({ host: '127.0.0.1', port: proxy.port }),
    });
    client.on('error', () => undefined);
    await client.connect();
    const { received, gaps, receiver } = await listen(client as never);
    proxy.inject('?\r\n');
    await until(() => gaps().length > 0);
    await node.admin.publish('news', '1');
    await until(() => received.length > 0);
    expect(gaps().map(({ cause }) => cause)).toEqual(['reconnect']);
    await receiver.stop();
    client.destroy();
  }
  await node.stop();
}, 30_000);

describeNodeRedis.each(PROTOCOLS)(
  'a name requested in the turn in which the connection is lost, on RESP%i,',
  (RESP) => {
    it('loses no message after it is reported as subscribed', async () => {
      await using proxy = await TcpProxy.start(server.port);
      const client = await open(proxy.url, { RESP }).connect();
      const receiver = new Receiver(client, { autoStop: false });
      receiver.channel('other').subscribe();
      await receiver.channel('other').whenSubscribed();
      const received: string[] = [];
      const events: string[] = [];
      client.prependOnceListener('error', () => {
        receiver.channel('late').subscribe(({ data }) => received.push(data));
      });
      receiver.channel('late').events.subscribe(({ type }) => events.push(type));
      proxy.hold('to-client');
      proxy.cut();
      await until(async () => (await admin.pubSubNumSub(['late'])).late === 1);
      // The client reads the first message together with the acknowledgement, during the outage of the other name.
      const afterAcknowledgement = proxy.seen('to-client');
      await admin.publish('late', '1');
      await until(() => proxy.seen('to-client') > afterAcknowledgement);
      // The second message arrives before Redis gets any later command.
      proxy.hold('to-server');
      proxy.release('to-client');
      await until(() => client.isReady);
      await admin.publish('late', '2');
      proxy.release('to-server');
      await receiver.channel('late').whenSubscribed();
      await admin.publish('late', '3');
      await until(() => received.includes('3'));
      // Without a gap, the report of the subscription comes no earlier than the first received message.
      const first = Number(received[0]);
      expect(received).toEqual(['1', '2', '3'].slice(first - 1));
      expect(events).toContain('subscribed');
      await receiver.stop();
      client.destroy();
    });
  },
);

describe('a sharded channel on the client of one node', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await RedisCluster.start();
  }, 60_000);

  afterAll(() => cluster.stop());

  it('whose slot moves away fails with a SubscribeError, or is resubscribed with a gap', async () => {
    const name = 'moving';
    const from = await cluster.ownerOf(name);
    const to = (await Promise.all(['a', 'b', 'c', 'd'].map((other) => cluster.ownerOf(other)))).find(
      (node) => node !== from,
    )!;
    const client = await open(`redis://127.0.0.1:${from.port}`).connect();
    const { receiver, events, channel } = await listen(client, 'shard', name);
    await cluster.migrate(keySlot(name), from, to);
    await until(() => events.some(({ type }) => type === 'channel-error'));
    await expect(channel.whenSubscribed()).rejects.toMatchObject({ code: 'ERR_SUBSCRIBE' });

    // The Channel receives messages again when the slot is back and an observer subscribes.
    await cluster.migrate(keySlot(name), to, from);
    const received: string[] = [];
    channel.pipe(retryRecoverable()).subscribe(({ data }) => received.push(data));
    await until(async () => {
      await from.admin.sPublish(name, '1');
      return received.length > 0;
    });
    await receiver.stop();
    client.destroy();
  }, 30_000);
});
