import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { OpenOptions, Receiver } from 'rx-redis-receiver';
import { getReceiverToken, ReceiverModule, ReceiverStrategy } from 'rx-redis-receiver/nestjs';
import { freePort } from '../support/free-port.js';
import { NestLog } from '../support/nest-log.js';
import { RedisServer } from '../support/redis-server.js';
import { ScriptProcess } from '../support/script-process.js';
import { until } from '../support/until.js';

/** The options of each kind of client for a missing server on this port. */
const TARGETS: readonly [kind: string, (port: number) => string | OpenOptions][] = [
  ['a server', (port) => `redis://user:secret@127.0.0.1:${port}`],
  ['a cluster', (port) => ({ rootNodes: [{ url: `redis://user:secret@127.0.0.1:${port}` }] })],
  [
    'a Sentinel set',
    (port) => ({
      name: 'main',
      sentinelRootNodes: [{ host: '127.0.0.1', port }],
      nodeClientOptions: { password: 'secret' },
    }),
  ],
];

describe('An application that starts before its Redis', () => {
  const closing: (() => unknown)[] = [];
  let log: NestLog;

  beforeEach(() => {
    log = new NestLog();
  });

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  const errors = () => log.of('error').join('\n');
  const warnings = () => log.of('warn').join('\n');
  /** Returns a signal that aborts after the test, so that a failed start does not continue. */
  const untilTheEnd = () => {
    const controller = new AbortController();
    closing.push(() => controller.abort());
    return controller.signal;
  };
  const compile = (imports: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>) =>
    Test.createTestingModule({ imports }).setLogger(log).compile();

  it('logs why its ReceiverModule waits, each reason once, and starts when there is a server', async () => {
    const port = await freePort();
    const options = { redis: `redis://127.0.0.1:${port}`, channels: ['news'], connect: true };
    const starting = compile([ReceiverModule.forRoot({ ...options, signal: untilTheEnd() })]);
    starting.catch(() => undefined);
    await until(() => log.of('warn').length > 0);
    const redis = await RedisServer.start({ port });
    closing.push(() => redis.stop());
    const app = await starting;
    closing.push(() => app.close());
    expect(app.get<Receiver>(getReceiverToken()).isActive).toBe(true);
    expect(log.of('error')).toEqual([]);
    expect(log.of('warn')).toEqual([
      `warn Redis cannot be reached, and is tried again: connect ECONNREFUSED 127.0.0.1:${port}`,
    ]);
  });

  it.each(TARGETS)('logs why its ReceiverModule waits for %s, until its signal aborts', async (_, target) => {
    const port = await freePort();
    const controller = new AbortController();
    closing.push(() => controller.abort());
    const starting = compile([
      ReceiverModule.forRoot({ redis: target(port), signal: controller.signal }),
    ]).catch((error: unknown) => error);
    await until(() => warnings().includes(`connect ECONNREFUSED 127.0.0.1:${port}`));
    expect(warnings()).not.toContain('secret');
    controller.abort(new Error('enough'));
    await expect(starting).resolves.toEqual(new Error('enough'));
  });

  it.each(TARGETS)('logs why its ReceiverStrategy waits for %s, until it is closed', async (_, target) => {
    @Module({})
    class AppModule {}
    const port = await freePort();
    const module = await compile([AppModule]);
    const app = module.createNestMicroservice({ strategy: new ReceiverStrategy({ redis: target(port) }) });
    closing.push(() => app.close());
    const listening = app.listen().catch((error: unknown) => error);
    await until(() => errors().includes(`connect ECONNREFUSED 127.0.0.1:${port}`));
    expect(errors()).not.toContain('secret');
    await app.close();
    await expect(listening).resolves.toEqual(new Error('The server was closed while it was connecting.'));
  });

  it.each([
    ['ReceiverModule', 'Redis cannot be reached'],
    ['ReceiverStrategy', 'The client that'],
  ])(
    'ends on SIGTERM while its %s waits',
    async (waiting, text) => {
      const environment = { REDIS_URL: `redis://127.0.0.1:${await freePort()}`, WAITING: waiting };
      const file = join(__dirname, 'applications', 'waits-for-redis.ts');
      const app = await ScriptProcess.start(file, environment);
      closing.push(() => app[Symbol.asyncDispose]());
      await app.printed(new RegExp(text));
      app.kill('SIGTERM');
      await app.end;
      expect(app.output).not.toContain('Exception');
    },
    60_000,
  );
});
