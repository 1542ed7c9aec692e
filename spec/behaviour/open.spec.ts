import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { filter, firstValueFrom } from 'rxjs';
import { Receiver } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const connectTo = (server: RedisServer) => createClient({ url: server.url }).connect();

async function withAdmin<T>(
  server: RedisServer,
  work: (admin: Awaited<ReturnType<typeof connectTo>>) => Promise<T>,
) {
  const admin = await connectTo(server);
  try {
    return await work(admin);
  } finally {
    admin.destroy();
  }
}

const clientsOf = (server: RedisServer) =>
  withAdmin(
    server,
    async (admin) => (await admin.sendCommand<string>(['CLIENT', 'LIST'])).trim().split('\n').length - 1,
  );

/** Returns the Receiver class on this version of node-redis. */
async function receiverOf(version: string) {
  jest.resetModules();
  jest.doMock('redis', () => jest.requireActual<object>(version));
  const { Receiver: Loaded } = await import('../../lib/index.js');
  return Loaded;
}

describe('Receiver.open()', () => {
  afterEach(() => jest.dontMock('redis'));

  it('creates a client, and closes it at the end', async () => {
    await using server = await RedisServer.start();
    const receiver = await Receiver.open(server.url);
    expect(await clientsOf(server)).toBe(1);
    receiver.channel('a');
    await receiver.connect();
    await withAdmin(server, (admin) => admin.publish('a', '1'));
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    await receiver.stop();
    await until(async () => (await clientsOf(server)) === 0);
  });

  it('accepts the options of createClient, and is disposed at the end of its block', async () => {
    await using server = await RedisServer.start();
    {
      await using receiver = await Receiver.open({ url: server.url, name: 'mine', RESP: 2 });
      receiver.channel('a');
      await receiver.connect();
      const list = await withAdmin(server, (admin) => admin.sendCommand<string>(['CLIENT', 'LIST']));
      expect(list).toContain('name=mine');
    }
    await until(async () => (await clientsOf(server)) === 0);
  });

  it.each(['redis', 'redis-5'])(
    'leaves no connection when it is stopped while its client connects, with %s',
    async (version) => {
      await using server = await RedisServer.start();
      const Opened = await receiverOf(version);
      const receiver = await Opened.open(server.url);
      receiver.channel('a');
      await receiver.connect();
      const admin = await connectTo(server);
      const figure = async (name: string, section: string) =>
        Number(new RegExp(`${name}:(\\d+)`).exec(await admin.info(section))?.[1]);
      const before = await figure('total_connections_received', 'stats');
      receiver.events.subscribe(({ type }) => void (type === 'disconnected' && receiver.stop()));
      await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
      await until(async () => (await figure('total_connections_received', 'stats')) > before);
      await until(async () => (await figure('connected_clients', 'clients')) === 1);
      admin.destroy();
    },
  );

  it('rejects when Redis refuses the password, without showing it', async () => {
    await using server = await RedisServer.start({ args: ['--requirepass', 'right'] });
    const error = await Receiver.open(`redis://:wrong-pass@127.0.0.1:${server.port}`).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).toMatch(/WRONGPASS/);
    expect(String(error)).not.toContain('wrong-pass');
    await expect(Receiver.open(server.url)).rejects.toThrow(/NOAUTH/);
  });

  it('keeps trying until there is a server', async () => {
    await using server = await RedisServer.start();
    await server.kill();
    const opening = Receiver.open(server.url);
    await server.restart();
    await (await opening).stop();
  });

  it('keeps trying until its signal aborts', async () => {
    await using server = await RedisServer.start();
    await server.kill();
    const controller = new AbortController();
    const opening = Receiver.open(server.url, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
    await expect(
      Receiver.open(server.url, { signal: AbortSignal.abort(new Error('before')) }),
    ).rejects.toThrow('before');
  });

  it('survives a server that is killed and restarted', async () => {
    await using server = await RedisServer.start();
    await using receiver = await Receiver.open(server.url);
    receiver.channel('a');
    await receiver.connect();
    const gap = firstValueFrom(receiver.events.pipe(filter(({ type }) => type === 'gap')));
    await server.kill();
    await server.restart();
    await gap;
    await withAdmin(server, (admin) => admin.publish('a', 'back'));
    await expect(receiver.get()).resolves.toMatchObject({ data: 'back' });
  });

  it('detects a half-open connection by its pings, and never closes an idle one', async () => {
    await using server = await RedisServer.start();
    await using receiver = await Receiver.open({
      url: server.url,
      pingInterval: 200,
      // Long enough for a busy machine, and shorter than the idle time below.
      socket: { socketTimeout: 1_500 },
    });
    const types: string[] = [];
    receiver.events.subscribe(({ type }) => types.push(type));
    receiver.channel('a');
    await receiver.connect();
    const pings = () =>
      withAdmin(
        server,
        async (admin) => /cmdstat_ping:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? '0',
      );
    await until(async () => Number(await pings()) > 10);
    expect(types).toEqual(['subscribed']);
    server.freeze();
    await until(() => types.includes('disconnected'));
    server.thaw();
    await until(() => types.includes('gap'));
  });

  it.each(['redis', 'redis-5'])('connects to an IPv6 address, with %s', async (version) => {
    await using server = await RedisServer.start({ args: ['--bind', '127.0.0.1', '::1'] });
    const Opened = await receiverOf(version);
    await using receiver = await Opened.open(`redis://[::1]:${server.port}`);
    receiver.channel('a');
    await receiver.connect();
    await withAdmin(server, (admin) => admin.publish('a', '1'));
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
  });

  it('connects to a Unix socket with a user and a password', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'unix-'));
    const path = join(folder, 'redis.sock');
    {
      await using server = await RedisServer.start({ args: ['--unixsocket', path] });
      await withAdmin(server, (admin) =>
        admin.aclSetUser('reader', ['on', '>secret', '+@all', '~*', 'allchannels']),
      );
      await using receiver = await Receiver.open(`unix://reader:secret@${path}`);
      receiver.channel('a');
      await receiver.connect();
      await withAdmin(server, (admin) => admin.publish('a', '1'));
      await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    }
    await rm(folder, { recursive: true });
  });

  it.each(['redis', 'redis-5'])(
    'receives messages after the server has announced a move, with %s',
    async (version) => {
      await using server = await RedisServer.start();
      await using proxy = await TcpProxy.start(server.port);
      const Opened = await receiverOf(version);
      await using receiver = await Opened.open({ url: proxy.url, RESP: 3 });
      receiver.channel('a');
      await receiver.connect();
      const address = `127.0.0.1:${server.port}`;
      proxy.inject(`>4\r\n$6\r\nMOVING\r\n:1\r\n:15\r\n$${address.length}\r\n${address}\r\n`);
      proxy.inject('>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$4\r\nmark\r\n');
      await expect(receiver.get()).resolves.toMatchObject({ data: 'mark' });
      await receiver.channel('b').whenSubscribed();
      await withAdmin(server, (admin) => admin.publish('a', '1'));
      await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    },
  );

  it.each([
    ['redis', 2],
    ['redis', 3],
    ['redis-5', 2],
    ['redis-5', 3],
  ] as const)('reconnects, with a gap, after invalid bytes, with %s in RESP %d', async (version, RESP) => {
    await using server = await RedisServer.start();
    await using proxy = await TcpProxy.start(server.port);
    const Opened = await receiverOf(version);
    await using receiver = await Opened.open({ url: proxy.url, RESP });
    const types: string[] = [];
    receiver.events.subscribe(({ type }) => types.push(type));
    receiver.channel('a');
    await receiver.connect();
    proxy.inject('?\r\n');
    await until(() => types.includes('gap'));
    expect(types).toContain('disconnected');
    await withAdmin(server, (admin) => admin.publish('a', '1'));
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
  });

  it.each(['redis', 'redis-5'])('connects in RESP 2, with %s', async (version) => {
    await using server = await RedisServer.start();
    const Opened = await receiverOf(version);
    await using receiver = await Opened.open({ url: server.url, RESP: 2 });
    receiver.channel('a');
    await receiver.connect();
    await withAdmin(server, (admin) => admin.publish('a', '1'));
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
  });

  it('exposes its client, and ends with it', async () => {
    await using server = await RedisServer.start();
    const receiver = await Receiver.open(server.url);
    receiver.channel('a');
    await receiver.connect();
    const pull = receiver.get();
    expect(receiver.client.isOpen).toBe(true);
    (receiver.client as ReturnType<typeof createClient>).destroy();
    await expect(pull).resolves.toBeUndefined();
    const borrowed = new MemoryPubSub();
    expect(new Receiver(borrowed).client).toBe(borrowed);
  });

  it.each([
    ['redis', 2],
    ['redis', 3],
    ['redis-5', 2],
    ['redis-5', 3],
  ] as const)(
    'reconnects when a listener of other code throws in its client, with %s in RESP %d',
    async (version, RESP) => {
      await using server = await RedisServer.start();
      await using proxy = await TcpProxy.start(server.port);
      const Opened = await receiverOf(version);
      await using receiver = await Opened.open({ url: proxy.url, RESP });
      const types: string[] = [];
      receiver.events.subscribe(({ type }) => types.push(type));
      receiver.channel('a');
      await receiver.connect();
      await receiver.client.subscribe('trap', () => {
        throw new Error('thrown by a listener');
      });
      const seen = () => proxy.seen('to-client');
      proxy.hold('to-client');
      const before = seen();
      await withAdmin(server, (admin) => admin.publish('trap', '1'));
      await until(() => seen() > before);
      const afterMessage = seen();
      // The client reads the acknowledgement together with the message, and loses it.
      const channel = receiver.channel('b');
      await until(() => seen() > afterMessage);
      proxy.release('to-client');
      await until(() => types.includes('disconnected'));
      await until(() => types.includes('gap'));
      await channel.whenSubscribed();
      await withAdmin(server, async (admin) => {
        await admin.publish('a', '1');
        await admin.publish('b', '2');
      });
      await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
      await expect(receiver.get()).resolves.toMatchObject({ data: '2' });
    },
  );
});
