import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { generate } from 'selfsigned';
import { type ConnectionRetry, type OpenOptions, Receiver, type ReceiverEvent } from '../../lib/index.js';
import { freePort } from '../support/free-port.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

const PASSWORD = 'open-sesame-4711';

const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

let warnings: jest.SpyInstance;

beforeEach(() => {
  warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});

afterEach(() => warnings.mockRestore());

describe('Receiver.open() without a server', () => {
  it.each([
    ['a server', (url: string) => url],
    ['a cluster', (url: string) => ({ rootNodes: [{ url }] })],
  ])('reports each failed attempt to onRetry, with %s', async (_what, targetOf) => {
    const port = await freePort();
    const retries: ConnectionRetry[] = [];
    const controller = new AbortController();
    const error = await errorOf(
      Receiver.open(targetOf(`redis://127.0.0.1:${port}`), {
        signal: controller.signal,
        onRetry(retry) {
          retries.push(retry);
          if (retries.length === 3) controller.abort();
          throw new Error('from onRetry');
        },
      }),
    );
    expect(retries.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(error).toMatchObject({ name: 'AbortError', cause: retries[2]!.error });
    expect(error?.message).toContain(`127.0.0.1:${port}`);
    expect(warnings.mock.calls.map(([warning]) => String(warning))).toEqual(
      retries.map(() => 'Error: from onRetry'),
    );
  });

  it('prints one warning if there is no onRetry, without the password', async () => {
    const port = await freePort();
    const controller = new AbortController();
    let tries = 0;
    const opening = Receiver.open(
      {
        url: `redis://reader:${PASSWORD}@127.0.0.1:${port}`,
        socket: { reconnectStrategy: () => (++tries === 3 && controller.abort(), 0) },
      },
      { signal: controller.signal },
    );
    const error = await errorOf(opening);
    expect(warnings.mock.calls).toEqual([
      [
        expect.stringMatching(new RegExp(`redis://127\\.0\\.0\\.1:${port}: connect ECONNREFUSED.*signal`)),
        { type: 'RedisConnectionWarning', code: 'RX_REDIS_RECEIVER_RETRY' },
      ],
    ]);
    expect(`${JSON.stringify(warnings.mock.calls)} ${String(error)}`).not.toContain(PASSWORD);
  });

  it('rejects with the last error after its timeout, and with a custom reason unchanged', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    const timer = new AbortController();
    const timeout = await errorOf(
      Receiver.open(url, {
        signal: timer.signal,
        onRetry: () => timer.abort(new DOMException('too late', 'TimeoutError')),
      }),
    );
    expect(timeout).toMatchObject({ name: 'TimeoutError', cause: { code: 'ECONNREFUSED' } });
    const controller = new AbortController();
    const reason = new Error('enough');
    const onRetry = () => controller.abort(reason);
    await expect(Receiver.open(url, { signal: controller.signal, onRetry })).rejects.toBe(reason);
  });
});

it('Receiver.open() reports an unknown host, and names it after the timeout', async () => {
  const retries: ConnectionRetry[] = [];
  const timer = new AbortController();
  const error = await errorOf(
    Receiver.open('redis://no-such-host.invalid:6379', {
      signal: timer.signal,
      onRetry: (retry) => {
        retries.push(retry);
        timer.abort(new DOMException('too late', 'TimeoutError'));
      },
    }),
  );
  expect(retries).toMatchObject([
    { attempt: 1, error: { code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) } },
  ]);
  expect(error).toMatchObject({ name: 'TimeoutError', cause: retries[0]!.error });
  expect(error?.message).toContain('no-such-host.invalid');
});

describe('an open Receiver that cannot reconnect', () => {
  /** Changes the password of the server, so that the Receiver is refused. */
  async function refuseConnections(server: RedisServer) {
    const admin = createClient({ url: server.url, password: PASSWORD });
    admin.on('error', () => undefined);
    await admin.connect();
    await admin.configSet('requirepass', 'changed');
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    admin.destroy();
  }

  it('reports each failed attempt by an event and to onRetry', async () => {
    await using server = await RedisServer.start({ args: ['--requirepass', PASSWORD] });
    const retries: ConnectionRetry[] = [];
    await using receiver = await Receiver.open(
      { url: server.url, password: PASSWORD },
      { onRetry: (retry) => retries.push(retry) },
    );
    const events: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => events.push(event));
    const ofChannel: string[] = [];
    receiver.channel('a').events.subscribe(({ type }) => ofChannel.push(type));
    await receiver.connect();
    await refuseConnections(server);
    await until(() => retries.length === 3);
    const retryEvents = events.filter((event) => event.type === 'retry');
    expect(retryEvents.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(String(retryEvents[0]?.error)).toMatch(/WRONGPASS/);
    expect(retries.map(({ error }) => error)).toEqual(retryEvents.map(({ error }) => error));
    expect(ofChannel.filter((type) => type === 'retry')).toHaveLength(3);
    expect(warnings).not.toHaveBeenCalled();
  });

  it('prints one warning per outage if there is no onRetry', async () => {
    await using server = await RedisServer.start({ args: ['--requirepass', PASSWORD] });
    let tries = 0;
    await using receiver = await Receiver.open({
      url: server.url,
      password: PASSWORD,
      socket: { reconnectStrategy: () => (tries++, 0) },
    });
    receiver.channel('a');
    await receiver.connect();
    await refuseConnections(server);
    await until(() => tries > 3);
    expect(warnings.mock.calls).toEqual([
      [
        expect.stringMatching(/reconnect.*WRONGPASS/),
        expect.objectContaining({ code: 'RX_REDIS_RECEIVER_RETRY' }),
      ],
    ]);
    await receiver.stop();
  });
});

describe('Receiver.open(), if another attempt cannot succeed,', () => {
  let folder: string;
  let server: RedisServer;
  let tlsPort: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tls-'));
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }]);
    const [certFile, keyFile] = [join(folder, 'redis.crt'), join(folder, 'redis.key')];
    await writeFile(certFile, cert);
    await writeFile(keyFile, key);
    tlsPort = await freePort();
    const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-auth-clients', 'no'];
    server = await RedisServer.start({ args: ['--tls-port', `${tlsPort}`, ...files] });
  });

  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([2, 3] as const)('rejects plain text to a TLS port, in RESP %d', async (RESP) => {
    const error = await errorOf(Receiver.open({ url: `redis://127.0.0.1:${tlsPort}`, RESP }));
    expect(error).toMatchObject({ code: 'ERR_TLS_MISMATCH', cause: expect.any(Error) as Error });
    expect(error?.message).toContain('use rediss://');
  });

  it('rejects TLS to a plain port', async () => {
    const url = `rediss://127.0.0.1:${server.port}`;
    const error = await errorOf(Receiver.open({ url, socket: { tls: true, connectTimeout: 200 } }));
    expect(error).toMatchObject({ code: 'ERR_TLS_MISMATCH', cause: expect.any(Error) as Error });
    expect(error?.message).toContain('use redis://');
  });

  const address = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

  (address ? it.each([2, 3] as const) : it.skip.each([2, 3] as const))(
    'rejects a server in protected mode, in RESP %d',
    async (RESP) => {
      await using guarded = await RedisServer.start({
        args: ['--bind', '127.0.0.1', String(address), '--protected-mode', 'yes'],
      });
      const opening = Receiver.open({ url: `redis://${address}:${guarded.port}`, RESP });
      await expect(opening).rejects.toThrow(/^DENIED .*protected mode/);
    },
  );

  it.each([
    [{ host: 'h', port: 1 }, 'host', 'socket: { host, port }'],
    [{ db: 1 }, 'db', 'database'],
    [{ path: '/redis.sock' }, 'path', 'socket: { path }'],
    [{ tls: {} }, 'tls', 'socket: { tls }'],
    [{ family: 6 }, 'family', 'socket: { family }'],
    [{ retryStrategy: () => 0 }, 'retryStrategy', 'socket: { reconnectStrategy }'],
    [{ passwrod: PASSWORD }, 'passwrod', 'password'],
    [{ resp: 2 }, 'resp', 'RESP'],
    [{ rootNode: [] }, 'rootNode', 'rootNodes'],
    [{ rootNodes: [{ url: 'redis://h' }], defaults: { userName: 'u' } }, 'userName', 'username'],
  ])('rejects the option of %j with a suggestion', async (options, name, suggested) => {
    const error = await errorOf(Receiver.open(options as unknown as OpenOptions));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect(error?.message).toMatch(new RegExp(`'${name}'.* ${suggested.replace(/[{}]/g, '\\$&')}\\.$`));
    expect(error?.message).not.toContain(PASSWORD);
  });

  it('passes on other names, and undefined', async () => {
    const options = { url: server.url, ofAnotherLibrary: true, host: undefined, keyPrefix: 'k:' };
    await (await Receiver.open(options)).stop();
  });
});
