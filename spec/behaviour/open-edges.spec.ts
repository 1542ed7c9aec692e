import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { type ConnectionRetry, type OpenOptions, Receiver, type ReceiverEvent } from '../../lib/index.js';
import { freePort } from '../support/free-port.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisNode } from '../support/redis-node.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const PASSWORD = 'open-sesame-4711';

const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

let warnings: jest.SpyInstance;
/** Aborts the calls that a spec has left open. */
let controller: AbortController;

beforeEach(() => {
  controller = new AbortController();
  warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});

afterEach(() => {
  controller.abort();
  warnings.mockRestore();
});

const failToOpen = (target: string | OpenOptions, onRetry?: (retry: ConnectionRetry) => unknown) =>
  Receiver.open(target, { signal: controller.signal, onRetry });

/** Opens a Receiver until this many attempts have failed. */
async function openUntil(failures: number, target: string | OpenOptions) {
  const retries: ConnectionRetry[] = [];
  const error = await errorOf(
    Receiver.open(target, {
      signal: controller.signal,
      onRetry: (retry) => {
        retries.push(retry);
        if (retries.length === failures) controller.abort();
      },
    }),
  );
  return { error, retries };
}

/** Starts a cluster of one node, whose address in its own slots leads to the proxy. */
async function clusterBehindProxy() {
  const node = await RedisNode.start(['--cluster-enabled', 'yes']);
  await node.ask('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await until(async () => (await node.field('cluster_state', 'CLUSTER', 'INFO')) === 'ok');
  const proxy = await TcpProxy.start(node.port);
  const options = {
    rootNodes: [{ url: node.server.url }],
    minimizeConnections: false,
    nodeAddressMap: () => ({ host: '127.0.0.1', port: proxy.port }),
  };
  return { node, proxy, options };
}

describe('the failed attempts of Receiver.open()', () => {
  it('are reported once for each round of the Sentinels of a set', async () => {
    const ports = [await freePort(), await freePort()];
    const sentinelRootNodes = ports.map((port) => ({ host: '127.0.0.1', port }));
    const { error, retries } = await openUntil(1, { name: 'main', sentinelRootNodes });
    expect(retries).toMatchObject([{ attempt: 1, error: { code: 'ECONNREFUSED' } }]);
    expect(error).toMatchObject({ name: 'AbortError', cause: retries[0]!.error });
  });

  it('are reported with the error of the node of a cluster', async () => {
    const port = await freePort();
    const { error, retries } = await openUntil(2, { rootNodes: [{ url: `redis://127.0.0.1:${port}` }] });
    const failure = { cause: { code: 'ECONNREFUSED' } };
    expect(retries).toMatchObject([
      { attempt: 1, error: failure },
      { attempt: 2, error: failure },
    ]);
    expect(error?.message).toContain(`ECONNREFUSED 127.0.0.1:${port}`);
  });

  it('are reported for a node of a cluster that is connected to at once', async () => {
    const { node, proxy, options } = await clusterBehindProxy();
    proxy.close();
    const { retries } = await openUntil(3, options);
    expect(retries.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(retries).toMatchObject(Array(3).fill({ error: { code: 'ECONNRESET' } }));
    // The abandoned client does not connect any more.
    proxy.reopen();
    const before = proxy.seen('to-server');
    await node.ask('PING');
    expect(proxy.connections).toBe(0);
    expect(proxy.seen('to-server')).toBe(before);
    await node.stop();
    await proxy[Symbol.asyncDispose]();
  });

  it('leave no connection to the reachable nodes of a cluster', async () => {
    await using cluster = await RedisCluster.start({ masters: 2, replicas: 0 });
    const [first, second] = cluster.nodes as [RedisNode, RedisNode];
    const dead = { host: '127.0.0.1', port: await freePort() };
    const clients = async () => (await first.ask('CLIENT', 'LIST')).trim().split('\n').length;
    const before = await clients();
    let isConnected = false;
    const error = await errorOf(
      failToOpen(
        {
          rootNodes: [{ url: first.server.url }],
          minimizeConnections: false,
          nodeAddressMap: (address) =>
            address === second.address ? dead : { host: '127.0.0.1', port: first.port },
          defaults: {
            name: 'eager',
            socket: { reconnectStrategy: () => (isConnected ? false : 5) },
          },
        },
        async () => {
          isConnected ||= (await first.ask('CLIENT', 'LIST')).includes('name=eager');
        },
      ),
    );
    expect(error).toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    await until(async () => (await clients()) === before);
  });

  it('have no effect on the next ones if onRetry rejects', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    let calls = 0;
    const onRetry: () => unknown = async () => {
      if (++calls === 3) controller.abort();
      await Promise.resolve();
      throw new Error('thrown by onRetry');
    };
    const error = await errorOf(Receiver.open(url, { signal: controller.signal, onRetry }));
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(calls).toBe(3);
  });

  it('are the cause of the error when a client gives up', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    const defaults = { socket: { reconnectStrategy: false as const } };
    const error = await errorOf(Receiver.open({ rootNodes: [{ url }], defaults }));
    expect(error).toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });
});

describe('the end of the wait for a connection', () => {
  it('names the address if no attempt has failed yet', async () => {
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const opening = Receiver.open(`redis://:${PASSWORD}@127.0.0.1:${port}`, { signal: controller.signal });
    const [socket] = (await once(silent, 'connection')) as [Socket];
    controller.abort();
    const error = await errorOf(opening);
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(error?.message).toContain(`redis://127.0.0.1:${port}`);
    expect(error?.message).not.toContain(PASSWORD);
    socket.destroy();
    silent.close();
  });

  it('comes at once if a plain server does not answer a TLS handshake', async () => {
    await using server = await RedisServer.start();
    const onRetry = jest.fn();
    const error = await errorOf(failToOpen(`rediss://127.0.0.1:${server.port}`, onRetry));
    expect(error).toMatchObject({ code: 'ERR_TLS_MISMATCH' });
    expect(onRetry).not.toHaveBeenCalled();
  });
});

it('rejects at once if a server requires a client certificate', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tls-'));
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }]);
  const files = { cert: join(folder, 'redis.crt'), key: join(folder, 'redis.key') };
  await writeFile(files.cert, cert);
  await writeFile(files.key, key);
  const port = await freePort();
  const certificate = ['--tls-cert-file', files.cert, '--tls-key-file', files.key];
  await using _server = await RedisServer.start({
    args: ['--tls-port', `${port}`, ...certificate, '--tls-ca-cert-file', files.cert],
  });
  const onRetry = jest.fn();
  // With TLS 1.3 the refusal follows the handshake, as an Error of Node's realm, which node-redis does not recognize in
  // Jest.
  const socket = { tls: true, rejectUnauthorized: false, maxVersion: 'TLSv1.2' } as const;
  const error = await errorOf(failToOpen({ url: `rediss://localhost:${port}`, socket }, onRetry));
  expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_SSL_.*ALERT_HANDSHAKE_FAILURE$/) });
  expect(onRetry).not.toHaveBeenCalled();
  await rm(folder, { recursive: true });
});

describe('a lost connection', () => {
  it('is no failed attempt, even with a ping in flight', async () => {
    await using server = await RedisServer.start();
    await using proxy = await TcpProxy.start(server.port);
    const options = { url: proxy.url, pingInterval: 20, socket: { socketTimeout: 200 } };
    const onRetry = jest.fn();
    await using receiver = await Receiver.open(options, { onRetry });
    const events: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => {
      events.push(event);
      if (event.type === 'disconnected') proxy.release('to-client');
    });
    receiver.channel('a');
    await receiver.connect();
    proxy.swallow('to-client');
    await until(() => events.some(({ type }) => type === 'gap'));
    expect(events.map(({ type }) => type)).toEqual(['subscribed', 'disconnected', 'gap']);
    expect(onRetry).not.toHaveBeenCalled();
  });

  it('is reported for a cluster, too', async () => {
    await using cluster = await RedisCluster.start();
    await using receiver = await Receiver.open({ rootNodes: [...cluster.rootNodes] }, { heartbeat: 100 });
    receiver.channel('a');
    await receiver.connect();
    await Promise.all(cluster.nodes.map(({ server }) => server.kill()));
    await until(() => warnings.mock.calls.length > 0, { timeout: 10_000 });
    const retries: ConnectionRetry[] = [];
    receiver.events.subscribe((event) => {
      if (event.type === 'retry') retries.push(event);
    });
    await until(() => retries.length > 2, { timeout: 10_000 });
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(retries[0]!.attempt).toBeGreaterThan(1);
  });

  it('is reported for a Sentinel set, too', async () => {
    await using set = await RedisSentinels.start();
    await using receiver = await Receiver.open(set.options, { heartbeat: 100 });
    const retries: ConnectionRetry[] = [];
    receiver.events.subscribe((event) => {
      if (event.type === 'retry') retries.push(event);
    });
    receiver.channel('a');
    await receiver.connect();
    await set.killMaster();
    expect(retries[0]?.attempt).toBe(1);
  });
});

describe('the options of Receiver.open()', () => {
  const node = { url: 'redis://h' };
  const sentinel = { name: 'main', sentinelRootNodes: [{ host: 'h', port: 1 }] };

  it.each([
    [{ capacity: 10 }, 'capacity', 'the second argument'],
    [{ onRetry: () => undefined }, 'onRetry', 'the second argument'],
    [{ rootNodes: [{ host: 'h', port: 1 }] }, 'host', 'socket: { host, port }'],
    [{ rootNodes: [node], password: PASSWORD }, 'password', 'defaults: { password }'],
    [{ rootNodes: [node], socket: {} }, 'socket', 'defaults: { socket }'],
    [{ rootNodes: [node], tls: true }, 'tls', 'defaults: { socket: { tls } }'],
    [{ ...sentinel, password: PASSWORD }, 'password', 'nodeClientOptions: { password }'],
    [{ socket: { prot: 1 } }, 'prot', 'port'],
    [
      { rootNodes: [node], defaults: { socket: { reconectStrategy: 1 } } },
      'reconectStrategy',
      'reconnectStrategy',
    ],
    [{ nmae: 'n' }, 'nmae', 'name'],
    [{ ssl: true }, 'ssl', 'socket: { tls }'],
    [{ auth: PASSWORD }, 'auth', 'password'],
  ])('are refused in the wrong place, as in %j', async (options, name, suggested) => {
    const error = await errorOf(failToOpen(options as unknown as OpenOptions));
    expect(error).toBeInstanceOf(TypeError);
    expect(error?.message).toContain(`'${name}'`);
    expect(error?.message).toContain(suggested);
    expect(error?.message).not.toContain(PASSWORD);
  });

  it.each([
    { url: `redis://u:${PASSWORD}@127.0.0.1`, socket: { tls: true } },
    { url: `rediss://u:${PASSWORD}@127.0.0.1`, socket: { tls: false } },
    { rootNodes: [{ url: `redis://u:${PASSWORD}@127.0.0.1`, socket: { tls: true } }] },
    { rootNodes: [{ url: `redis://u:${PASSWORD}@127.0.0.1` }], defaults: { socket: { tls: true } } },
  ])('are refused if the URL contradicts socket.tls, without showing the password: %#', async (options) => {
    const error = await errorOf(failToOpen(options as unknown as OpenOptions));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARGUMENT' });
    expect(error?.message).toMatch(/socket\.tls/);
    expect(error?.message).not.toContain(PASSWORD);
  });

  it.each(['redis:///tmp/redis.sock', `redis://u:${PASSWORD}@h/tmp/redis.sock`])(
    'are refused if the URL has a path without a database: %s',
    async (url) => {
      const error = await errorOf(failToOpen(url));
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARGUMENT' });
      expect(error?.message).toMatch(/unix:\/\//);
      expect(error?.message).not.toContain(PASSWORD);
    },
  );
});
