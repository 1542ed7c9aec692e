import { join } from 'node:path';
import { createClient } from 'redis';
import { RedisServer } from '../support/redis-server.js';
import { ScriptProcess } from '../support/script-process.js';
import { until } from '../support/until.js';

const JOBS = 400;

describe('two processes in one group, of which one is killed', () => {
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

  const run = (name: string) =>
    ScriptProcess.start(join(__dirname, 'fixture', 'worker.ts'), { REDIS_URL: server.url, WORKER: name });

  it('handle every job at least once', async () => {
    await using doomed = await run('doomed');
    await using other = await run('other');
    await Promise.all([doomed.printed(/ready/), other.printed(/ready/)]);
    for (let n = 0; n < JOBS / 2; n++) await admin.xAdd('jobs', '*', { n: String(n) });
    await until(async () => Number(await admin.get('begun:doomed')) > 10);
    for (let n = JOBS / 2; n < JOBS; n++) void admin.xAdd('jobs', '*', { n: String(n) });
    doomed.kill('SIGKILL');
    expect(await doomed.end).toBe('SIGKILL');

    const done = async () => {
      const entries = await admin.lRange('done', 0, -1);
      return new Set(entries.map((entry) => (JSON.parse(entry) as [number, number])[0]));
    };
    await until(async () => (await done()).size === JOBS, { timeout: 30_000 });
    await until(async () => (await admin.xPending('jobs', 'workers')).pending === 0, { timeout: 30_000 });
    // Redis still knows the consumer that was killed.
    expect((await admin.xInfoConsumers('jobs', 'workers')).length).toBe(2);
    expect(Number(await admin.get('begun:other'))).toBeGreaterThan(0);
  });
});
