import { join } from 'node:path';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisNode } from '../support/redis-node.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { ScriptProcess } from '../support/script-process.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000);

const JOBS = 400;
const LONG_WAIT = { timeout: 30_000 };

interface Site {
  /** The argument of `Receiver.open`. */
  readonly options: object;
  /** The server with the stream. */
  readonly master: RedisNode;
  stop(): Promise<unknown>;
}

const SITES: Readonly<Record<string, () => Promise<Site>>> = {
  async 'a server'() {
    const master = await RedisNode.start([]);
    return { options: { url: master.server.url }, master, stop: () => master.stop() };
  },
  async 'a cluster of three'() {
    const cluster = await RedisCluster.start({ replicas: 0 });
    const master = await cluster.ownerOf('jobs');
    return { options: { rootNodes: cluster.rootNodes }, master, stop: () => cluster.stop() };
  },
  async 'a Sentinel set'() {
    const set = await RedisSentinels.start();
    return { options: set.options, master: await set.master(), stop: () => set.stop() };
  },
};

describe.each(Object.entries(SITES))(
  'two processes in one group on %s, of which one is killed',
  (_, start) => {
    let site: Site;

    beforeAll(async () => {
      site = await start();
    });
    afterAll(() => site.stop());

    it('handle every job at least once', async () => {
      const { options, master } = site;
      const run = () =>
        ScriptProcess.start(join(__dirname, 'fixture', 'worker.ts'), { REDIS: JSON.stringify(options) });
      await using doomed = await run();
      await using other = await run();
      await Promise.all([doomed.printed(/ready/), other.printed(/ready/)]);
      const add = (n: number) => master.ask('XADD', 'jobs', '*', 'n', String(n));
      for (let n = 0; n < JOBS / 2; n++) await add(n);
      await until(() => numbers(doomed, 'begun').length > 10);
      const rest = Promise.all(Array.from({ length: JOBS / 2 }, (_, index) => add(JOBS / 2 + index)));
      doomed.kill('SIGKILL');
      expect(await doomed.end).toBe('SIGKILL');
      await rest;

      const done = () => new Set([doomed, other].flatMap((process) => numbers(process, 'done')));
      await until(() => done().size === JOBS, LONG_WAIT);
      await until(async () => (await master.admin.xPending('jobs', 'workers')).pending === 0, LONG_WAIT);
      // Redis still knows the consumer that was killed.
      expect(await master.admin.xInfoConsumers('jobs', 'workers')).toHaveLength(2);
      expect(numbers(other, 'begun').length).toBeGreaterThan(0);
    });
  },
);

function numbers({ output }: ScriptProcess, what: 'begun' | 'done'): number[] {
  return [...output.matchAll(new RegExp(`^${what} (\\d+)$`, 'gm'))].map(([, n]) => Number(n));
}
