import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { filter, firstValueFrom, type Observable } from 'rxjs';
import {
  escapeGlob,
  GapError,
  keyspace,
  KeyspaceConfigError,
  Receiver,
  retryRecoverable,
  type KeyNotification,
  type ReceiverEvent,
} from '../../lib/index.js';
import { ioredisClient } from '../support/ioredis-client.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

let server: RedisServer;
let admin: ReturnType<typeof createClient>;

const set = (flags: string) => admin.configSet('notify-keyspace-events', flags);

beforeAll(async () => {
  server = await RedisServer.start();
  admin = createClient({ url: server.url });
  admin.on('error', () => undefined);
  await admin.connect();
});

afterAll(async () => {
  admin.destroy();
  await server.stop();
});

beforeEach(async () => {
  await admin.flushAll();
  await set('KEA');
});

const silent = <C extends { on(event: 'error', listener: () => void): unknown }>(client: C): C => {
  client.on('error', () => undefined);
  return client;
};

const clients = {
  'node-redis 6 on RESP3': (options: object) => silent(createClient({ url: server.url, ...options })),
  'node-redis 6 on RESP2': (options: object) =>
    silent(createClient({ url: server.url, RESP: 2, ...options })),
  'node-redis 5': (options: object) => silent(createClient5({ url: server.url, ...options })),
  'ioredis 6': (options: object) =>
    silent(
      ioredisClient('ioredis6', { url: server.url, socket: { reconnectStrategy: () => 5 }, ...options }),
    ) as unknown as ReturnType<typeof createClient>,
};

/** The subscriptions that the server has, without those of the admin. */
async function subscriptions() {
  const [channels, patterns] = await Promise.all([admin.pubSubChannels(), admin.pubSubNumPat()]);
  return { channels: channels.sort(), patterns };
}
const NONE = { channels: [], patterns: 0 };

describe.each(Object.entries(clients))('keyspace(), with %s', (_name, create) => {
  let client: ReturnType<typeof create>;
  let receiver: Receiver;
  let events: ReceiverEvent[];

  async function connect(options: object = {}) {
    client = create(options);
    await client.connect();
    receiver = new Receiver(client);
    events = [];
    receiver.events.subscribe((event) => events.push(event));
  }

  beforeEach(() => connect());

  afterEach(async () => {
    await receiver.stop();
    if (client.isOpen) client.destroy();
  });

  const eventsOf = (type: ReceiverEvent['type']) => events.filter((event) => event.type === type);

  /** Observes the notifications, from the acknowledgement of `count` subscriptions on. */
  async function observed<K extends string | Buffer, N extends KeyNotification<K>>(
    source: Observable<N>,
    count = 1,
  ) {
    const seen: N[] = [];
    const errors: unknown[] = [];
    const before = eventsOf('subscribed').length;
    const subscription = source.subscribe({
      next: (one) => seen.push(one),
      error: (one) => errors.push(one),
    });
    await until(() => eventsOf('subscribed').length === before + count || errors.length > 0);
    return { seen, errors, stop: () => subscription.unsubscribe() };
  }

  /** Resolves when all that Redis has sent so far has arrived: a last event ends it. */
  async function settled(seen: readonly KeyNotification<string | Buffer>[], key = 'last') {
    await admin.set(key, '1');
    await until(() => seen.some((one) => String(one.key) === key));
    return seen.filter((one) => String(one.key) !== key);
  }

  it('subscribes with the first subscriber and unsubscribes with the last', async () => {
    const notifications = keyspace(receiver, { keys: 'a' });
    expect(await subscriptions()).toEqual(NONE);
    const one = await observed(notifications);
    const two = { seen: [] as unknown[] };
    const second = notifications.subscribe((notification) => two.seen.push(notification));
    expect(await subscriptions()).toEqual({ channels: ['__keyspace@0__:a'], patterns: 0 });
    await admin.set('a', '1');
    await admin.set('b', '1');
    await admin.del('a');
    const expected = ['set', 'del'].map((event) => ({ event, key: 'a', db: 0 }));
    await until(() => one.seen.length === 2 && two.seen.length === 2);
    expect([one.seen, two.seen]).toEqual([expected, expected]);
    one.stop();
    expect((await subscriptions()).channels).toHaveLength(1);
    second.unsubscribe();
    await until(async () => (await subscriptions()).channels.length === 0);
    expect(receiver.channels.size).toBe(0);
  });

  it('leaves the merged stream and the Channels of the user alone', async () => {
    const own = receiver.channel('__keyspace@0__:a');
    await receiver.connect();
    const { seen, stop } = await observed(keyspace(receiver, { keys: ['a', 'b'] }), 2);
    await admin.set('b', '1');
    await admin.set('a', '1');
    await until(() => seen.length === 2);
    await expect(receiver.get()).resolves.toEqual({ source: own, channel: '__keyspace@0__:a', data: 'set' });
    expect(receiver.stats.buffered).toBe(0);
    stop();
    await receiver.stop();
    await until(async () => (await subscriptions()).channels.length === 0);
  });

  it('takes the channels of events for a glob, and for all keys', async () => {
    const some = await observed(keyspace(receiver, { keys: 'user:*', events: 'set' }));
    const all = await observed(keyspace(receiver, { events: ['set', 'del'] }));
    expect(await subscriptions()).toEqual({
      channels: ['__keyevent@0__:del', '__keyevent@0__:set'],
      patterns: 0,
    });
    await admin.set('user:1', '1');
    await admin.set('other', '1');
    await admin.del('user:1');
    expect(await settled(all.seen)).toEqual([
      { event: 'set', key: 'user:1', db: 0 },
      { event: 'set', key: 'other', db: 0 },
      { event: 'del', key: 'user:1', db: 0 },
    ]);
    expect(some.seen).toEqual([{ event: 'set', key: 'user:1', db: 0 }]);
  });

  it('delivers a key of several globs once', async () => {
    const keys = ['user:*', 'user:1', '*:1', 'plain', escapeGlob('a*'), 'last'];
    const { seen } = await observed(keyspace(receiver, { keys }), 5);
    expect(await subscriptions()).toEqual({
      channels: ['__keyspace@0__:a*', '__keyspace@0__:last', '__keyspace@0__:plain'],
      patterns: 2,
    });
    for (const key of ['user:1', 'user:2', 'x:1', 'plain', 'a*', 'ab', 'none']) await admin.set(key, '1');
    expect((await settled(seen)).map(({ key }) => key)).toEqual(['user:1', 'user:2', 'x:1', 'plain', 'a*']);
  });

  it('reads one database, that of the client by default, or all', async () => {
    await receiver.stop();
    client.destroy();
    await connect({ database: 2 });
    const own = await observed(keyspace(receiver, { events: 'set' }));
    const all = await observed(keyspace(receiver, { db: 'all', keys: ['a', 'last'] }), 2);
    const zero = await observed(keyspace(receiver, { db: 0 }));
    for (const db of [0, 2, 11]) {
      await admin.select(db);
      await admin.set('a', '1');
      await admin.set('a__:a', '1');
    }
    await admin.select(0);
    expect(await settled(all.seen)).toEqual([0, 2, 11].map((db) => ({ event: 'set', key: 'a', db })));
    expect(own.seen.map(({ key, db }) => `${db} ${key}`)).toEqual(['2 a', '2 a__:a']);
    expect(zero.seen.map(({ key, db }) => `${db} ${key}`)).toEqual(['0 a', '0 a__:a', '0 last']);
  });

  it('reports keys byte for byte', async () => {
    const keys = [Buffer.from([0xff, 0x00]), Buffer.from([0xfe, 0x00]), Buffer.from('ü*')];
    const { seen } = await observed(keyspace(receiver, { keys, binary: true }), 2);
    const events = await observed(keyspace(receiver, { events: 'set', binary: true }));
    const text = await observed(keyspace(receiver, { events: 'set' }), 0);
    for (const key of [...keys, Buffer.from([0xfd, 0x00]), Buffer.from([0x41, 0x00])])
      await admin.set(key, '1');
    await settled(events.seen);
    expect(seen).toEqual(keys.map((key) => ({ event: 'set', key, db: 0 })));
    expect(events.seen.slice(0, 2).map(({ key }) => key.toString('hex'))).toEqual(['ff00', 'fe00']);
    await settled(text.seen, 'again');
    expect(text.seen.slice(1, 3).map(({ key }) => key)).toEqual(['\ufffd\0', 'ü*']);
  });

  it('reports expired and evicted keys', async () => {
    const expired = await observed(keyspace(receiver, { events: 'expired' }));
    const evicted = await observed(keyspace(receiver, { events: 'evicted', keys: 'big:*' }));
    await admin.set('short', '1', { expiration: { type: 'PX', value: 1 } });
    await until(() => expired.seen.length === 1);
    expect(expired.seen).toEqual([{ event: 'expired', key: 'short', db: 0 }]);
    await admin.set('big:1', 'x'.repeat(10_000));
    await admin.configSet({ 'maxmemory-policy': 'allkeys-random', maxmemory: '1' });
    await admin.set('big:2', '1').catch(() => undefined);
    await until(() => evicted.seen.length > 0);
    await admin.configSet({ 'maxmemory-policy': 'noeviction', maxmemory: '0' });
    expect(evicted.seen[0]).toEqual({ event: 'evicted', key: 'big:1', db: 0 });
  });

  it('reports the subkeys of Redis 8.8, from its channels', async () => {
    const options = { subkeys: true, binary: true } as const;
    const space = await observed(keyspace(receiver, { ...options, keys: 'h|:1', check: false }));
    const event = await observed(keyspace(receiver, { ...options, events: 'hset', check: false }));
    const text = await observed(keyspace(receiver, { subkeys: true, events: 'hset', check: false }), 0);
    expect((await subscriptions()).channels).toEqual(['__subkeyevent@0__:hset', '__subkeyspace@0__:h|:1']);
    const fields = Buffer.concat([Buffer.from('3:a,b,2:'), Buffer.from([0xff, 0x7c])]);
    // The server of the tests is older: these are the messages of a newer one.
    await admin.publish('__subkeyspace@0__:h|:1', Buffer.concat([Buffer.from('hset|'), fields]));
    await admin.publish('__subkeyspace@0__:h|:1', 'hdel|nonsense');
    await admin.publish('__subkeyevent@0__:hset', Buffer.concat([Buffer.from('4:h|:1|'), fields]));
    await admin.publish('__subkeyevent@0__:hset', '2:ab|1:x,1:x');
    await until(() => text.seen.length === 2);
    const notification = {
      event: 'hset',
      key: Buffer.from('h|:1'),
      db: 0,
      subkeys: [Buffer.from('a,b'), Buffer.from([0xff, 0x7c])],
    };
    expect(space.seen).toEqual([notification]);
    const second = {
      event: 'hset',
      key: Buffer.from('ab'),
      db: 0,
      subkeys: ['x', 'x'].map((x) => Buffer.from(x)),
    };
    expect(event.seen).toEqual([notification, second]);
    expect(text.seen[1]).toEqual({ event: 'hset', key: 'ab', db: 0, subkeys: ['x', 'x'] });
  });

  it.each([
    { flags: '', options: { events: 'expired' }, missing: 'Ex', needed: 'Ex' },
    { flags: 'Kg', options: { events: ['expired', 'set'] }, missing: 'Ex$', needed: 'KEgx$' },
    { flags: 'K$', options: { keys: 'a', events: ['set', 'new', 'keymiss'] }, missing: 'nm', needed: 'K$nm' },
    { flags: 'KA', options: { keys: 'a', events: ['set', 'keymiss'] }, missing: 'm', needed: 'KAm' },
    { flags: 'KAn', options: { keys: 'a', events: 'new' }, missing: undefined, needed: undefined },
    { flags: 'KE', options: {}, missing: 'A', needed: 'KEA' },
    { flags: 'Kx', options: { keys: 'a' }, missing: undefined, needed: undefined },
    { flags: 'KA', options: { keys: 'a', subkeys: true }, missing: 'S', needed: 'KSA' },
    { flags: 'Eg', options: { events: 'json.set' }, missing: undefined, needed: undefined },
  ] as const)('fails on $flags for $options', async ({ flags, options, missing, needed }) => {
    await set(flags);
    const count = 'events' in options && Array.isArray(options.events) && !('keys' in options) ? 2 : 1;
    const { errors } = await observed(keyspace(receiver, options), count);
    const configured = await admin.configGet('notify-keyspace-events');
    if (missing === undefined) {
      const control = await observed(keyspace(receiver, { events: 'hset' }));
      await until(() => control.errors.length === 1);
      expect(errors).toEqual([]);
      return;
    }
    await until(() => errors.length === 1);
    const [error] = errors as [KeyspaceConfigError];
    expect(error).toBeInstanceOf(KeyspaceConfigError);
    expect(error).toMatchObject({
      name: 'KeyspaceConfigError',
      code: 'ERR_KEYSPACE_CONFIG',
      server: `127.0.0.1:${server.port}`,
      configured: configured['notify-keyspace-events'],
      missing,
      message: expect.stringContaining(`CONFIG SET notify-keyspace-events ${error.needed} `),
    });
    expect(Array.from(error.needed).sort()).toEqual(Array.from<string>(needed).sort());
    await until(async () => (await subscriptions()).channels.length === 0);
    if ('subkeys' in options) return;
    await set(error.needed);
    const again = await observed(keyspace(receiver, options), count);
    await admin.set('a', '1', { expiration: { type: 'PX', value: 1 } });
    await until(() => again.seen.length > 0 || again.errors.length > 0);
    expect(again.errors).toEqual([]);
  });

  it('continues where the user may not read the setting, and says so', async () => {
    await admin.aclSetUser('reader', ['on', '>secret', '+@all', '-config', '~*', '&*']);
    await receiver.stop();
    client.destroy();
    await connect({ username: 'reader', password: 'secret' });
    const { seen, errors } = await observed(keyspace(receiver, { events: 'set' }));
    await until(() => eventsOf('unchecked').length === 1);
    expect(events.at(-1)).toMatchObject({
      type: 'unchecked',
      source: { name: '__keyevent@0__:set' },
      error: { message: expect.stringMatching(/could not be read: NOPERM .*"E\$" .*'check: false'/) },
    });
    await settled(seen);
    expect(errors).toEqual([]);
  });

  it('sends no CONFIG GET with check: false', async () => {
    await set('');
    const reads = async () =>
      Number(/cmdstat_config\|get:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0);
    const before = await reads();
    const { errors } = await observed(keyspace(receiver, { events: 'set', check: false }));
    const checked = await observed(keyspace(receiver, { events: 'set' }), 0);
    await until(() => checked.errors.length === 1);
    expect(errors).toEqual([]);
    expect(await reads()).toBe(before + 1);
  });

  it('reports a refused channel', async () => {
    await admin.aclSetUser('deaf', ['on', '>secret', '+@all', '~*', 'resetchannels']);
    await receiver.stop();
    client.destroy();
    await connect({ username: 'deaf', password: 'secret' });
    const { errors } = await observed(keyspace(receiver, { events: ['set', 'del'] }), 2);
    expect(errors).toMatchObject([{ code: 'ERR_SUBSCRIBE' }]);
  });

  it('reports a gap after a lost connection, and checks the setting again', async () => {
    const { seen, errors } = await observed(keyspace(receiver, { events: 'set' }));
    await settled(seen);
    const kill = async () => {
      const list = await admin.clientList();
      const { id } = list.find(({ sub }) => sub > 0)!;
      await admin.clientKill({ filter: 'ID', id });
    };
    await kill();
    await until(() => eventsOf('gap').length === 1);
    expect(eventsOf('gap')).toMatchObject([
      { gap: { cause: 'reconnect', channels: [{ name: '__keyevent@0__:set' }] } },
    ]);
    await settled(seen, 'after');
    expect(errors).toEqual([]);
    await set('');
    await kill();
    await until(() => errors.length === 1);
    expect(errors[0]).toBeInstanceOf(KeyspaceConfigError);
  });

  it('has gaps as errors in its stream for a Receiver with onGap', async () => {
    const strict = new Receiver(client, { onGap: 'error' });
    const gaps: unknown[] = [];
    const seen: string[] = [];
    const notifications = keyspace(strict, { keys: ['a', 'b'] });
    const onError = (error: Error) => gaps.push(error);
    notifications.pipe(retryRecoverable({ onError })).subscribe(({ key }) => seen.push(key));
    await until(async () => (await subscriptions()).channels.length === 2);
    await admin.set('a', '1');
    await until(() => seen.length === 1);
    const list = await admin.clientList();
    await admin.clientKill({ filter: 'ID', id: list.find(({ sub }) => sub > 0)!.id });
    await until(() => gaps.length === 2);
    expect(gaps.every((gap) => gap instanceof GapError)).toBe(true);
    await admin.set('b', '1');
    await until(() => seen.length === 2);
    await strict.stop();
  });

  it('completes when the Receiver stops, and for a stopped one', async () => {
    const notifications = keyspace(receiver, { keys: ['a', 'b*'] });
    const ends: string[] = [];
    notifications.subscribe({ complete: () => ends.push('first') });
    await firstValueFrom(receiver.events.pipe(filter(({ type }) => type === 'subscribed')));
    await receiver.stop();
    notifications.subscribe({ complete: () => ends.push('second') });
    expect(ends).toEqual(['first', 'second']);
    expect(await subscriptions()).toEqual(NONE);
  });
});
