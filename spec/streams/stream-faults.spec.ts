import { createClient } from 'redis';
import { mergeMapBounded, Receiver } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { clientOf, StreamScene } from './stream-scene.js';

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

describe('a stream on a server', () => {
  let server: RedisServer;
  let scene: StreamScene;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    scene = await StreamScene.open(server);
  });
  afterEach(() => scene.close());

  describe('a full queue', () => {
    it.each(['drop-oldest', 'drop-incoming', 'error'] as const)(
      'loses no entry beside a channel that floods it, with %p',
      async (overflow) => {
        const receiver = scene.receiver({ capacity: 8, overflow });
        receiver.channel('flood');
        receiver.stream(scene.key, { field: 'n', from: 'start' });
        await scene.add(...numbers(1, 50));
        await receiver.connect();
        await until(() => receiver.stats.buffered >= 6);
        for (let n = 0; n < 100; n++) await scene.admin.publish('flood', 'm');
        await until(() => receiver.stats.received + receiver.stats.dropped >= 100);
        const entries: string[] = [];
        while (entries.length < 50) {
          const message = await receiver.get().catch(() => undefined);
          if (message?.source.kind === 'stream') entries.push(message.data);
        }
        expect(entries).toEqual(numbers(1, 50));
        const { received, delivered, buffered, dropped, undecodable } = receiver.stats;
        expect(received).toBe(delivered + buffered + dropped + undecodable);
      },
    );

    it('counts the bytes of whole entries, their names too', async () => {
      const receiver = scene.receiver({ maxBytes: 10_000 });
      receiver.stream(scene.key, { from: 'start' });
      const value = 'x'.repeat(990);
      for (let n = 0; n < 30; n++) await scene.admin.xAdd(scene.key, '*', { field: value, n: String(n) });
      await receiver.connect();
      await until(() => receiver.stats.buffered > 0);
      const { buffered, bufferedBytes } = receiver.stats;
      expect(bufferedBytes).toBeGreaterThanOrEqual(buffered * 995);
      expect(bufferedBytes).toBeLessThanOrEqual(10_000);
      const received: unknown[] = [];
      receiver.subscribe(({ data }) => received.push((data as unknown as { n: string }).n));
      await until(() => received.length === 30);
      expect(received).toEqual(numbers(0, 29));
    });

    it('loses no entry in an operator that drops its oldest values', async () => {
      const receiver = scene.receiver();
      receiver.channel('flood');
      receiver.stream(scene.key, { field: 'n', from: 'start' });
      await scene.add(...numbers(1, 40));
      const received: string[] = [];
      let isOpen = false;
      const work = async ({ data, source }: { data: string; source: { kind: string } }) => {
        await until(() => isOpen);
        if (source.kind === 'stream') received.push(data);
      };
      receiver.pipe(mergeMapBounded(work, { capacity: 4, overflow: 'drop-oldest' })).subscribe();
      await receiver.connect();
      await until(() => receiver.stats.delivered >= 4);
      for (let n = 0; n < 100; n++) await scene.admin.publish('flood', 'm');
      isOpen = true;
      await until(() => received.length === 40);
      expect(received).toEqual(numbers(1, 40));
    });
  });

  describe('the end of the client', () => {
    it.each(['close', 'destroy'] as const)('%s() completes the Receiver behind what waits', async (end) => {
      const receiver = scene.receiver({ capacity: 100 });
      receiver.stream(scene.key, { field: 'n', from: 'start' });
      await scene.add(1, 2, 3);
      await receiver.connect();
      await until(() => receiver.stats.buffered === 3);
      await scene.whenBlocked();
      await scene.client[end]();
      const received: string[] = [];
      for await (const { data } of receiver) received.push(data);
      expect(received).toEqual(['1', '2', '3']);
      await until(async () => (await clientsOf(scene)) === 1);
    });

    it('ends a stream on another client, and the Receiver goes on', async () => {
      const other = clientOf(server.url);
      await other.connect();
      const receiver = scene.receiver();
      const own = await scene.observe(receiver);
      const ended: string[] = [];
      receiver
        .stream(`${scene.key}:other`, { client: other })
        .subscribe({ complete: () => ended.push('ended') });
      await receiver.streams.get(`${scene.key}:other`)!.whenSubscribed();
      await other.close();
      await until(() => ended.length === 1);
      await scene.add(1);
      await until(() => own.length === 1);
      await until(async () => (await clientsOf(scene)) === 4);
    });

    it('leaves no connection behind the last stream', async () => {
      const receiver = scene.receiver();
      await scene.observe(receiver);
      await scene.whenBlocked();
      await receiver.stop();
      await until(async () => (await clientsOf(scene)) === 2);
    });

    it('leaves no connection behind a read that has failed', async () => {
      const receiver = scene.receiver();
      await scene.observe(receiver);
      await scene.whenBlocked();
      await scene.admin.set(scene.key, 'text');
      await until(() => scene.failures.length === 1);
      await receiver.stop();
      await until(async () => (await clientsOf(scene)) === 2);
    });
  });

  describe('a stream that is created anew', () => {
    it('in the same millisecond, while nothing is added', async () => {
      const received = await scene.observe(scene.receiver({ heartbeat: 40 }));
      await scene.admin.xAdd(scene.key, '7-0', { n: 'old' });
      await until(() => received.length === 1);
      await scene.admin.multi().del(scene.key).xAdd(scene.key, '7-0', { n: 'new' }).exec();
      await until(() => received.length === 2);
      expect(received).toEqual(['old', 'new']);
      expect(scene.gaps).toEqual([['log', undefined]]);
    });

    it('in the same millisecond, with further entries', async () => {
      const received = await scene.observe(scene.receiver({ heartbeat: 40 }));
      await scene.admin.xAdd(scene.key, '7-0', { n: 'old' });
      await until(() => received.length === 1);
      const multi = scene.admin.multi().del(scene.key);
      for (const n of [0, 1, 2]) multi.xAdd(scene.key, `7-${n}`, { n: `new ${n}` });
      await multi.exec();
      await until(() => received.length >= 4);
      expect(received.sort()).toEqual(['new 0', 'new 1', 'new 2', 'old']);
      expect(scene.gaps).toEqual([['log', undefined]]);
    });

    it('with later ids: no entry comes twice', async () => {
      const received = await scene.observe(scene.receiver({ heartbeat: 40 }));
      await scene.add(1, 2, 3);
      await until(() => received.length === 3);
      await scene.admin.del(scene.key);
      await scene.add(4, 5, 6, 7);
      await until(() => received.length >= 7 && scene.gaps.length > 0);
      await scene.add(8);
      await until(() => received.includes('8'));
      expect(received).toEqual(numbers(1, 8));
      expect(scene.gaps).toEqual([['log', undefined]]);
    });
  });

  describe('missing entries', () => {
    it('counts those that were deleted out of the middle', async () => {
      const ids = await scene.add(1, 2, 3, 4, 5, 6);
      await scene.admin.xDel(scene.key, [ids[2]!, ids[4]!]);
      const received = await scene.observe(scene.receiver(), ids[0]);
      await until(() => received.length === 3);
      expect(received).toEqual(['2', '4', '6']);
      expect(scene.gaps).toEqual([['log', undefined]]);
      const again = await scene.observe(scene.receiver(), '0-0');
      await until(() => again.length === 4);
      expect(scene.gaps.slice(1)).toEqual([['log', 2]]);
    });

    it('counts those that one transaction adds and removes', async () => {
      const received = await scene.observe(scene.receiver());
      await scene.add(0);
      await until(() => received.length === 1);
      await scene.whenBlocked();
      const multi = scene.admin.multi();
      for (let n = 1; n <= 10; n++) multi.xAdd(scene.key, '*', { n: String(n) });
      await multi.xTrim(scene.key, 'MAXLEN', 2).exec();
      await until(() => scene.gaps.length === 1);
      expect(received).toEqual(['0', '9', '10']);
      expect(scene.gaps).toEqual([['log', 8]]);
    });

    it('counts those before the first one from 0-0, and none from the start', async () => {
      await scene.add(1, 2, 3, 4);
      await scene.admin.xTrim(scene.key, 'MAXLEN', 1);
      expect(await readOne(await scene.observe(scene.receiver(), 'start'))).toEqual(['4']);
      expect(scene.gaps).toEqual([]);
      expect(await readOne(await scene.observe(scene.receiver(), '0-0'))).toEqual(['4']);
      expect(scene.gaps).toEqual([['log', 3]]);
    });

    it('are an error at their place, with onGap', async () => {
      await scene.add(1, 2, 3);
      await scene.admin.xTrim(scene.key, 'MAXLEN', 1);
      const receiver = scene.receiver({ onGap: 'error' });
      receiver.stream(scene.key, { field: 'n', from: '0-0' });
      await receiver.connect();
      await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_GAP', gap: { dropped: 2 } });
      expect((await receiver.get())?.data).toBe('3');
    });
  });

  describe('a refusal', () => {
    const limited = async (...rules: string[]) => {
      await scene.admin.aclSetUser('limited', ['reset', 'on', '>secret', '+@all', 'allchannels', ...rules]);
      const client = createClient({ url: server.url, username: 'limited', password: 'secret' });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    };
    it.each([
      ['the key', ['~other']],
      ['XREAD', ['~*', '-xread']],
      ['XINFO', ['~*', '-xinfo']],
    ])('of %s says what to permit', async (_what, rules) => {
      const client = await limited(...rules);
      const receiver = new Receiver(client);
      const errors: Error[] = [];
      const fine = await scene.observe(scene.receiver());
      receiver.events.subscribe((event) => {
        if (event.type === 'recovery-error' || event.type === 'channel-error') errors.push(event.error);
      });
      receiver.stream(scene.key).subscribe({ error: () => undefined });
      await until(() => errors.length > 0);
      expect(errors[0]!.message).toMatch(/NOPERM.*\+xread, \+xinfo\|stream and the key \(~stream/);
      await scene.add(1);
      await until(() => fine.length === 1);
      await receiver.stop();
      client.destroy();
    });

    it('that comes later is told once, and loses nothing', async () => {
      const client = await limited('~*');
      const receiver = scene.receiver();
      const other = await scene.observe(receiver, 'new', `${scene.key}:other`);
      const channel = receiver.stream(scene.key, { field: 'n', client });
      const received: string[] = [];
      channel.subscribe(({ data }) => received.push(data));
      await channel.whenSubscribed();
      await scene.add(1);
      await until(() => received.length === 1);
      await scene.admin.aclSetUser('limited', ['-xread']);
      await scene.add(2);
      await until(() => scene.failures.length === 1);
      await scene.add(3);
      await scene.admin.xAdd(`${scene.key}:other`, '*', { n: 'other' });
      await until(() => other.length === 1);
      await scene.admin.aclSetUser('limited', ['+xread']);
      await until(() => received.length === 3);
      expect(received).toEqual(['1', '2', '3']);
      expect(scene.failures).toEqual([expect.stringMatching(/NOPERM/)]);
      expect(scene.gaps).toEqual([]);
      await receiver.stop();
      client.destroy();
    });

    it('of a key that another type has taken ends with a gap', async () => {
      const receiver = scene.receiver({ heartbeat: 40 });
      const received = await scene.observe(receiver);
      const other = await scene.observe(receiver, 'new', `${scene.key}:other`);
      await scene.add(1);
      await until(() => received.length === 1);
      await scene.admin.set(scene.key, 'text');
      await until(() => scene.failures.length === 1);
      await scene.admin.xAdd(`${scene.key}:other`, '*', { n: 'other' });
      await until(() => other.length === 1);
      await scene.admin.del(scene.key);
      await scene.add(2);
      await until(() => received.length === 2);
      expect(scene.failures).toEqual([expect.stringMatching(/WRONGTYPE.*key of a stream/)]);
      expect(scene.gaps).toEqual([['log', undefined]]);
    });

    it('by the client itself is told, and tried again', async () => {
      let isRefusing = true;
      class Refusing extends MemoryPubSub {
        override duplicate(): MemoryPubSub {
          const copy = super.duplicate();
          const read = copy.xRead.bind(copy);
          return Object.assign(copy, {
            xRead: (...args: Parameters<typeof read>) => {
              if (isRefusing) throw new Error('Not on this protocol');
              return read(...args);
            },
          });
        }
      }
      const redis = new Refusing();
      const receiver = new Receiver(redis);
      const failures: string[] = [];
      receiver.events.subscribe((event) => {
        if (event.type === 'recovery-error') failures.push(event.error.message);
      });
      const received: string[] = [];
      receiver.stream('k', { field: 'n', from: 'start' }).subscribe(({ data }) => received.push(data));
      redis.xAdd('k', '*', { n: '1' });
      await until(() => failures.length === 1);
      expect(failures[0]).toMatch(/Not on this protocol.*tries again/);
      isRefusing = false;
      await until(() => received.length === 1);
      expect(failures).toHaveLength(1);
      await receiver.stop();
    });
  });

  it('blocks for less than the heartbeat', async () => {
    const commands: string[][] = [];
    const monitor = clientOf(server.url);
    await monitor.connect();
    await monitor.monitor((line) => commands.push([...line.matchAll(/"([^"]*)"/g)].map(([, word]) => word!)));
    await scene.observe(scene.receiver({ heartbeat: 30 }));
    await until(() => commands.filter(([name]) => name === 'XREAD').length > 3);
    const blocks = commands.flatMap((words) => (words[3] === 'BLOCK' ? [Number(words[4])] : []));
    expect(Math.max(...blocks)).toBe(15);
    monitor.destroy();
  });

  it('asks for no more entries than there is room for', async () => {
    const commands: string[][] = [];
    const monitor = clientOf(server.url);
    await monitor.connect();
    await monitor.monitor((line) => commands.push([...line.matchAll(/"([^"]*)"/g)].map(([, word]) => word!)));
    const receiver = scene.receiver({ capacity: 20 });
    receiver.stream(scene.key, { field: 'n', from: 'start' });
    await scene.add(...numbers(1, 100));
    const received: string[] = [];
    while (received.length < 100) received.push((await receiver.get())!.data);
    expect(received).toEqual(numbers(1, 100));
    const counts = commands.flatMap((words) => (words[1] === 'COUNT' ? [Number(words[2])] : []));
    expect(Math.max(...counts)).toBe(15);
    monitor.destroy();
  });

  it('joins and leaves the read of other streams, without a lost entry', async () => {
    const receiver = scene.receiver();
    const keys = numbers(0, 9).map((n) => `${scene.key}:${n}`);
    const added = new Map(keys.map((key) => [key, [] as string[]]));
    const received = new Map(keys.map((key) => [key, [] as string[]]));
    const last = new Map(keys.map((key) => [key, '0-0']));
    for (let n = 0; n < 400; n++) {
      const key = keys[n % 10]!;
      const value = String(n);
      await scene.admin.xAdd(key, '*', { n: value });
      added.get(key)!.push(value);
      if (n % 7 !== 0) continue;
      const channel = receiver.streams.get(key);
      if (channel) await channel.close();
      else
        receiver.stream(key, { field: 'n', from: last.get(key)! }).subscribe(({ id, data }) => {
          received.get(key)!.push(data);
          last.set(key, id!);
        });
    }
    for (const key of keys) {
      if (receiver.streams.has(key)) continue;
      receiver
        .stream(key, { field: 'n', from: last.get(key)! })
        .subscribe(({ data }) => received.get(key)!.push(data));
    }
    await until(() => keys.every((key) => received.get(key)!.at(-1) === added.get(key)!.at(-1)));
    expect(received).toEqual(added);
    expect(scene.gaps).toEqual([]);
  });

  it('serves two Receivers that read one key from different places', async () => {
    await scene.add(1, 2);
    const all = await scene.observe(scene.receiver(), 'start');
    const late = await scene.observe(scene.receiver());
    await scene.add(...numbers(3, 30));
    await until(() => all.length === 30 && late.length === 28);
    expect(all).toEqual(numbers(1, 30));
    expect(late).toEqual(numbers(3, 30));
  });
});

describe('a restart of the server', () => {
  it.each([
    ['that keeps its data: nothing is missing', ['--appendonly', 'yes', '--appendfsync', 'always'], 0],
    ['that has lost its data: a gap', [], 1],
  ])('%s', async (_what, args, gaps) => {
    const scene = await StreamScene.open({ args });
    const received = await scene.observe(scene.receiver());
    await scene.add(1, 2, 3);
    await until(() => received.length === 3);
    await scene.server.kill();
    await scene.server.restart();
    await until(() => scene.admin.isReady);
    await scene.add(4, 5);
    await until(() => received.length === 5 && scene.gaps.length === gaps);
    await scene.add(6);
    await until(() => received.length === 6);
    expect(received).toEqual(numbers(1, 6));
    expect(scene.gaps).toEqual(gaps ? [['log', undefined]] : []);
    await scene.close();
  });
});

async function clientsOf({ admin }: StreamScene): Promise<number> {
  return (await admin.sendCommand<string>(['CLIENT', 'LIST', 'TYPE', 'normal'])).trim().split('\n').length;
}

async function readOne(received: string[]): Promise<string[]> {
  await until(() => received.length === 1);
  return received;
}
