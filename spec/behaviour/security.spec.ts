import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { createClient } from 'redis';
import { generate } from 'selfsigned';
import { json, type PubSubClient, Receiver, type ReceiverEvent } from '../../lib/index.js';
import { freePort } from '../support/free-port.js';
import { receiverFixture } from '../support/receiver-fixture.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

const PASSWORD = 'open-sesame-4711';

/** Returns all output in which the values could appear. */
const show = (...values: unknown[]) =>
  values
    .map((value) => {
      const seen = inspect(value, { depth: 5, showHidden: true });
      return `${String(value)} ${seen} ${value instanceof Error ? String(value.stack) : ''}`;
    })
    .join('\n');

describe('a user with a password', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
    const admin = await createClient({ url: server.url }).connect();
    await admin.aclSetUser('reader', ['on', `>${PASSWORD}`, '+@all', '~*', 'resetchannels', '&news:*']);
    admin.destroy();
  });

  afterAll(() => server.stop());

  const url = (password: string) => `redis://reader:${password}@127.0.0.1:${server.port}`;

  it('receives the permitted channels, and the password appears nowhere', async () => {
    const receiver = await Receiver.open(url(PASSWORD), { onGap: 'error', heartbeat: 100 });
    const events: ReceiverEvent[] = [];
    const errors: unknown[] = [];
    const messages: unknown[] = [];
    receiver.events.subscribe((event) => events.push(event));
    const [news, secret] = [receiver.channel('news:1'), receiver.channel('secret')];
    await receiver.connect().catch((error: unknown) => errors.push(error));
    expect(errors).toMatchObject([{ code: 'ERR_SUBSCRIBE', channel: 'secret' }]);
    await secret.whenSubscribed().catch((error: unknown) => errors.push(error));
    const observe = () =>
      receiver.subscribe({ next: (message) => messages.push(message), error: (error) => errors.push(error) });
    observe();
    const admin = await createClient({ url: server.url }).connect();
    await admin.publish('news:1', 'a');
    await until(() => messages.length === 1);
    await admin.sendCommand(['CLIENT', 'KILL', 'USER', 'reader']);
    await until(() => events.some(({ type }) => type === 'gap'));
    observe();
    await admin.publish('news:1', 'b');
    await until(() => messages.length === 2);
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['disconnected', 'gap', 'channel-error']),
    );
    expect(show(receiver, news, secret, ...events, ...errors, ...messages)).not.toContain(PASSWORD);
    await receiver.stop();
    admin.destroy();
  });

  it.each([
    ['a wrong password', () => url(`${PASSWORD}-wrong`)],
    ['an invalid URL', () => `redis://reader:${PASSWORD}@127.0.0.1:no-port`],
    ['a URL without a scheme', () => `reader:${PASSWORD}@127.0.0.1:6379`],
    ['a URL of another kind', () => `https://reader:${PASSWORD}@127.0.0.1`],
    ['a URL without a host', () => `redis://reader:${PASSWORD}`],
    ['a URL without a user and a host', () => `redis://:${PASSWORD}`],
    ['a URL among options', () => ({ url: `redis://reader:${PASSWORD}@[` })],
    ['a URL of a cluster', () => ({ rootNodes: [{ url: `redis://reader:${PASSWORD}@[` }] })],
    ['a URL of a cluster, of another kind', () => ({ rootNodes: [{ url: `https://reader:${PASSWORD}@[` }] })],
    ["a cluster's URL with half an escape", () => ({ rootNodes: [{ url: url(`${PASSWORD}%`) }] })],
    [
      "a URL of a cluster's nodes",
      () => ({ rootNodes: [{ url: server.url }], defaults: { url: `redis://reader:${PASSWORD}@h:x` } }),
    ],
    ['a URL in place of a list', () => ({ rootNodes: url(PASSWORD) as never })],
  ])('%s is refused at once, without showing the password', async (_what, target) => {
    const error: unknown = await Receiver.open(target()).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Error);
    expect(show(error)).not.toContain(PASSWORD);
  });

  it('is refused without showing the password if its URL stands for a client', () => {
    const { receiver } = receiverFixture();
    const give = (target: unknown) => [
      () => new Receiver(target as PubSubClient),
      () => receiver.channel('c', { client: target as PubSubClient }),
    ];
    for (const attempt of [...give(url(PASSWORD)), ...give(`reader:${PASSWORD}@h`)]) {
      expect(attempt).toThrow(/^Expected the client .*, got ".*…@(127|h)/);
      expect(attempt).toThrow(expect.objectContaining({ message: expect.not.stringContaining(PASSWORD) }));
    }
  });
});

describe('TLS', () => {
  let folder: string;
  let server: RedisServer;
  let url: string;
  let ca: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tls-'));
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
      ],
    });
    ca = cert;
    const files = { cert: join(folder, 'redis.crt'), key: join(folder, 'redis.key') };
    await writeFile(files.cert, cert);
    await writeFile(files.key, key);
    const port = await freePort();
    const certificate = [
      '--tls-cert-file',
      files.cert,
      '--tls-key-file',
      files.key,
      '--tls-auth-clients',
      'no',
    ];
    server = await RedisServer.start({ args: ['--tls-port', `${port}`, ...certificate] });
    url = `rediss://localhost:${port}`;
  });

  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('carries messages, and survives a killed connection', async () => {
    await using receiver = await Receiver.open({
      url,
      socket: { tls: true, ca, reconnectStrategy: () => 0 },
    });
    const events: string[] = [];
    receiver.events.subscribe(({ type }) => events.push(type));
    receiver.channel('a');
    await receiver.connect();
    const admin = await createClient({ url: server.url }).connect();
    await admin.publish('a', '1');
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await until(() => events.includes('gap'));
    await admin.publish('a', '2');
    await expect(receiver.get()).resolves.toMatchObject({ data: '2' });
    admin.destroy();
  });

  it('refuses a server with an untrusted certificate', async () => {
    await expect(Receiver.open(url)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });
});

describe('json()', () => {
  it.each([
    '{"__proto__":{"polluted":true}}',
    '{"a":[{"__proto__":{"polluted":true}}]}',
    '{"\\u005f_proto__":{"polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '{"c\\u006fnstructor":{"prototype":{"polluted":true}}}',
  ])('refuses %s', (payload) => {
    const { client, receiver } = receiverFixture();
    const errors: unknown[] = [];
    receiver.channel('j', { codec: json<string>() }).subscribe({ error: (error) => errors.push(error) });
    client.publish('j', payload);
    expect(errors).toMatchObject([{ code: 'ERR_DECODE', raw: { data: payload } }]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each([
    ['"__proto__"', '__proto__'],
    ['{"constructor":"Ford","a":"\\u005f_proto__"}', { constructor: 'Ford', a: '__proto__' }],
    [`${'['.repeat(50_000)}"constructor"${']'.repeat(50_000)}`, expect.any(Array)],
  ])('accepts harmless payloads: %#', (payload, value) => {
    expect(json().decode(payload, 'j')).toEqual(value);
  });
});

describe('a name', () => {
  const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', '0'];

  it.each(NAMES)('such as %s works like any other', async (name) => {
    const { client, receiver } = receiverFixture();
    const before = Reflect.ownKeys(Object.prototype);
    const received: unknown[] = [];
    receiver.subscribe(({ source, channel, data }) => received.push([source.kind, channel, data]));
    const channels = [receiver.channel(name), receiver.pattern(name), receiver.shard(name)];
    client.publish(name, '1');
    client.sPublish(name, '2');
    expect(received).toEqual([
      ['channel', name, '1'],
      ['pattern', name, '1'],
      ['shard', name, '2'],
    ]);
    expect(receiver.channels.get(name)).toBe(channels[0]);
    await Promise.all(channels.map((channel) => channel.close()));
    expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
  });
});
