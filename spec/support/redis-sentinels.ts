import { createClient } from 'redis';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { findRedisServer } from './find-redis-server.js';
import { RedisNode } from './redis-node.js';
import { RedisProcess } from './redis-process.js';
import { until } from './until.js';

const WITHIN = { timeout: 60_000 };
const COUNT = 3;
/**
 * Milliseconds. A Sentinel pings once a second, and a new master for the first time a second after the switch: with no
 * more than that, it would take one that has just been promoted for dead, and depose it.
 */
const DOWN_AFTER = 2_000;

/** What the Sentinels call their master. */
export const MASTER_NAME = 'main';

/** What a Sentinel answers about one of the servers that it watches. */
type Fields = Readonly<Partial<Record<string, string>>>;

/** One Sentinel: a server that needs a configuration it may write to. */
class Sentinel {
  readonly port: number;
  readonly #binary: string;
  readonly #dir: string;
  #process!: RedisProcess;

  constructor(port: number, binary: string, dir: string) {
    this.port = port;
    this.#binary = binary;
    this.#dir = dir;
  }

  static async start(masterPort: number): Promise<Sentinel> {
    const sentinel = new Sentinel(
      await freePort(),
      await findRedisServer(),
      await mkdtemp(join(tmpdir(), 'redis-sentinel-')),
    );
    const lines = [
      `port ${sentinel.port}`,
      'bind 127.0.0.1',
      `dir ${sentinel.#dir}`,
      `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${masterPort} 2`,
      `sentinel down-after-milliseconds ${MASTER_NAME} ${DOWN_AFTER}`,
      `sentinel failover-timeout ${MASTER_NAME} 3000`,
    ];
    await writeFile(sentinel.#config, lines.join('\n'));
    await sentinel.restart();
    return sentinel;
  }

  get #config(): string {
    return join(this.#dir, 'sentinel.conf');
  }

  async restart(): Promise<void> {
    this.#process = await RedisProcess.start(this.#binary, [this.#config, '--sentinel'], this.#dir);
  }

  async kill(): Promise<void> {
    await this.#process.kill();
  }

  async ask(...args: string[]): Promise<unknown> {
    const client = createClient({ socket: { port: this.port, reconnectStrategy: false } });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(['SENTINEL', ...args]);
    } finally {
      client.destroy();
    }
  }

  /** What it says of the master. */
  async master(): Promise<Fields> {
    return (await this.ask('MASTER', MASTER_NAME)) as Fields;
  }

  async stop(): Promise<void> {
    await this.#process.terminate();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

/** A real master with two replicas and three Sentinels of a test's own, on loopback ports. */
export class RedisSentinels implements AsyncDisposable {
  readonly nodes: readonly RedisNode[];
  readonly sentinels: readonly Sentinel[];
  #master: RedisNode;

  private constructor(nodes: readonly RedisNode[], sentinels: readonly Sentinel[]) {
    this.nodes = nodes;
    this.sentinels = sentinels;
    this.#master = nodes[0]!;
  }

  static async start(): Promise<RedisSentinels> {
    const nodes = await Promise.all(Array.from({ length: COUNT }, () => RedisNode.start([])));
    const [master, ...replicas] = nodes;
    await Promise.all(replicas.map((node) => node.ask('REPLICAOF', '127.0.0.1', String(master!.port))));
    const sentinels = await Promise.all(Array.from({ length: COUNT }, () => Sentinel.start(master!.port)));
    const set = new RedisSentinels(nodes, sentinels);
    await set.heal();
    return set;
  }

  get options(): { name: string; sentinelRootNodes: { host: string; port: number }[] } {
    return {
      name: MASTER_NAME,
      sentinelRootNodes: this.sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    };
  }

  /**
   * The node that all Sentinels take for the master, none of them in a fail-over, and that does so itself. Of two Sentinels
   * elected at once, each for another epoch, both promote somebody: until both are done, what most of them say may not last.
   */
  async master(): Promise<RedisNode> {
    const find = async () => {
      const views = await Promise.all(this.sentinels.map((sentinel) => sentinel.master()));
      const isAgreed = views.every(({ flags, port }) => flags === 'master' && port === views[0]?.port);
      const node = isAgreed ? this.nodes.find(({ port }) => String(port) === views[0]?.port) : undefined;
      return (await node?.field('role', 'INFO', 'replication')) === 'master' ? node : undefined;
    };
    const master = await until(() => find().catch(() => undefined), {
      ...WITHIN,
      message: 'the Sentinels to agree on a master',
    });
    return master as RedisNode;
  }

  /** Publishes at the master that the Sentinels name. */
  readonly publish = (kind: 'channel' | 'shard', name: string, data: string): Promise<unknown> =>
    kind === 'shard' ? this.#master.admin.sPublish(name, data) : this.#master.admin.publish(name, data);

  /** Kills all Sentinels, and starts them again when `meanwhile` is done. */
  async restartSentinels(meanwhile?: () => Promise<unknown>): Promise<void> {
    await Promise.all(this.sentinels.map((sentinel) => sentinel.kill()));
    await meanwhile?.();
    await Promise.all(this.sentinels.map((sentinel) => sentinel.restart()));
    await until(() => this.#areSettled().catch(() => false), WITHIN);
  }

  /** Lets a replica take the master's place, with both alive. */
  async failOver(): Promise<RedisNode> {
    const old = await this.master();
    const leader = this.sentinels[0]!;
    // A fail-over whose replica is not promoted within `failover-timeout` is given up, and nobody begins it anew.
    return this.#masterOtherThan(old, async () => {
      const { flags, port } = await leader.master();
      if (flags === 'master' && port === String(old.port)) await leader.ask('FAILOVER', MASTER_NAME);
    });
  }

  async killMaster(): Promise<RedisNode> {
    const old = await this.master();
    await old.server.kill();
    return this.#masterOtherThan(old);
  }

  /** Brings all back, and waits until everyone knows everyone. */
  async heal(): Promise<void> {
    for (const { server } of this.nodes) if (!server.isRunning) await server.restart();
    await until(async () => {
      const master = await this.master();
      const [slaves, replicas] = await Promise.all([
        master.field('connected_slaves', 'INFO', 'replication'),
        Promise.all(this.nodes.map((node) => node.field('master_link_status', 'INFO', 'replication'))),
      ]);
      const isLinked = replicas.filter((status) => status === 'up').length === COUNT - 1;
      return slaves === String(COUNT - 1) && isLinked && (await this.#areSettled());
    }, WITHIN);
    // One that hung for a while may have lost its office meanwhile.
    this.#master = await this.master();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.nodes].map((one) => one.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #masterOtherThan(old: RedisNode, ask?: () => Promise<void>): Promise<RedisNode> {
    this.#master = (await until(async () => {
      await ask?.().catch(() => undefined);
      const master = await this.master();
      return master === old ? undefined : master;
    }, WITHIN)) as RedisNode;
    return this.#master;
  }

  async #areSettled(): Promise<boolean> {
    const settled = await Promise.all(
      this.sentinels.map(async (sentinel) => {
        const [master, replicas, others] = await Promise.all([
          sentinel.master(),
          sentinel.ask('REPLICAS', MASTER_NAME),
          sentinel.ask('SENTINELS', MASTER_NAME),
        ]);
        const list = replicas as Fields[];
        return (
          master.flags === 'master' &&
          list.length === COUNT - 1 &&
          list.every(({ flags }) => flags === 'slave') &&
          (others as unknown[]).length === COUNT - 1
        );
      }),
    );
    return settled.every(Boolean);
  }
}
