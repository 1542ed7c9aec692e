import { keySlot } from '../../lib/hub/key-slot.js';
import { Receiver } from '../../lib/index.js';
import { createCluster, createSentinel, type DistributedClient } from '../support/distributed-clients.js';
import type { LogTestClient } from '../support/log-test-client.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { until } from '../support/until.js';

jest.setTimeout(90_000);

const LONG_WAIT = { timeout: 30_000 };
const KEYS = ['{north}1', '{north}2', 'east', 'west'];
let scenes = 0;

/** Streams to which numbers are added all the time, and a Receiver that reads them. */
class DistributedScene implements AsyncDisposable {
  readonly receiver: Receiver;
  readonly #client: DistributedClient;
  readonly #writer: LogTestClient;
  readonly #keys: readonly string[];
  readonly #received = new Map<string, number[]>();
  readonly #gaps: (number | undefined)[] = [];
  #values = 0;

  private constructor(client: DistributedClient, writer: LogTestClient) {
    scenes++;
    this.#client = client;
    this.#writer = writer;
    this.#keys = KEYS.map((key) => `${key}:${scenes}`);
    this.receiver = new Receiver(client, { heartbeat: 1_000 });
  }

  static async start(client: DistributedClient): Promise<DistributedScene> {
    client.on('error', () => undefined);
    await client.connect();
    const writer = client.duplicate();
    writer.on('error', () => undefined);
    await writer.connect();
    const scene = new DistributedScene(client, writer);
    await scene.#observe();
    return scene;
  }

  key(index: number): string {
    return this.#keys[index]!;
  }

  /** Adds entries before, during and after this. */
  async during(work: () => Promise<unknown>): Promise<void> {
    const end = new AbortController();
    const adding = (async () => {
      while (!end.signal.aborted) {
        await this.#add();
        await new Promise(setImmediate);
      }
    })();
    await work().finally(() => end.abort());
    await adding;
    const last = ++this.#values;
    for (const key of this.#keys) await until(() => this.#tryToAdd(key, last), LONG_WAIT);
    await until(() => this.#keys.every((key) => this.#received.get(key)!.at(-1) === last), LONG_WAIT);
  }

  /** Resolves when entries of all streams have come. */
  readonly whenMore = async (): Promise<void> => {
    const counts = this.#keys.map((key) => this.#received.get(key)!.length);
    await until(() =>
      this.#keys.every((key, index) => this.#received.get(key)!.length >= counts[index]! + 10),
    );
  };

  /** Returns what came twice or in no order, what is there and did not come, and the gaps. */
  async check() {
    const faults: string[] = [];
    for (const key of this.#keys) {
      const received = this.#received.get(key)!;
      received.forEach((value, index) => {
        if (index > 0 && value <= received[index - 1]!)
          faults.push(`${key}: ${value} after ${received[index - 1]}`);
      });
      const entries = (await this.#writer.xRange(key, '-', '+')) ?? [];
      const known = new Set(received);
      const missed = entries.map(({ message }) => Number(message.n)).filter((value) => !known.has(value));
      if (missed.length > 0) faults.push(`${key}: ${missed.join()} did not come`);
    }
    return { faults, gaps: this.#gaps };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.receiver.stop();
    this.#writer.destroy();
    await this.#client.destroy();
  }

  async #observe(): Promise<void> {
    for (const key of this.#keys) {
      const list: number[] = [];
      this.#received.set(key, list);
      this.receiver.stream(key, { field: 'n' }).subscribe(({ data }) => list.push(Number(data)));
    }
    this.receiver.events.subscribe((event) => {
      if (event.type === 'gap' && event.gap.cause === 'log') this.#gaps.push(event.gap.dropped);
    });
    await Promise.all([...this.receiver.streams.values()].map((stream) => stream.whenSubscribed()));
  }

  async #add(): Promise<void> {
    const value = ++this.#values;
    await Promise.all(this.#keys.map((key) => this.#tryToAdd(key, value)));
  }

  /** Adds an entry; a command that fails may have added it. */
  async #tryToAdd(key: string, value: number): Promise<boolean> {
    return Promise.resolve(this.#writer.xAdd(key, '*', { n: String(value) })).then(
      () => true,
      () => false,
    );
  }
}

describe('streams on a cluster', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await RedisCluster.start({ nodeTimeout: 1_000 });
  });
  afterEach(() => cluster.heal());
  afterAll(() => cluster.stop());

  const start = () => DistributedScene.start(createCluster({ rootNodes: cluster.rootNodes }));

  it('lose nothing in a graceful failover', async () => {
    await using scene = await start();
    await scene.during(async () => cluster.failOver(await cluster.ownerOf(scene.key(0))));
    expect(await scene.check()).toEqual({ faults: [], gaps: [] });
  });

  it('lose nothing when a slot moves', async () => {
    await using scene = await start();
    const from = await cluster.ownerOf(scene.key(0));
    const owners = await Promise.all(KEYS.map((_, index) => cluster.ownerOf(scene.key(index))));
    const to = owners.find((node) => node !== from)!;
    await scene.during(() => cluster.migrate(keySlot(scene.key(0)), from, to, scene.whenMore));
    expect(await scene.check()).toEqual({ faults: [], gaps: [] });
  });

  it('deliver what the new master has when a master dies', async () => {
    await using scene = await start();
    const owner = await cluster.ownerOf(scene.key(2));
    await scene.during(async () => {
      await owner.server.kill();
      await until(async () => (await cluster.ownerOf(scene.key(2))) !== owner, LONG_WAIT);
    });
    expect((await scene.check()).faults).toEqual([]);
  });
});

describe('streams on a Sentinel set', () => {
  let set: RedisSentinels;

  beforeAll(async () => {
    set = await RedisSentinels.start();
  });
  afterAll(() => set.stop());

  it('lose nothing that the new master has, in a failover and when the master dies', async () => {
    await using scene = await DistributedScene.start(createSentinel(set.options));
    await scene.during(() => set.failOver());
    expect((await scene.check()).faults).toEqual([]);
    await set.heal();
    await scene.during(() => set.killMaster());
    expect((await scene.check()).faults).toEqual([]);
  });
});
