import { createClient } from 'redis';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { findRedisServer } from './find-redis-server.js';
import { RedisNode } from './redis-node.js';
import { RedisProcess } from './redis-process.js';
import { until } from './until.js';

const LONG_WAIT = { timeout: 60_000 };
const COUNT = 3;
/**
 * Milliseconds without a reply after which a Sentinel takes a server for dead. A Sentinel pings once a second, and a
 * new master for the first time a second after the switch: a shorter time would depose a master that has just been
 * promoted.
 */
const DOWN_AFTER = 2_000;

/** The name under which the Sentinels watch the master. */
export const MASTER_NAME = 'main';

/** A reply of a Sentinel about one of its servers. */
type Fields = Readonly<Partial<Record<string, string>>>;

/** A Sentinel: a server with a configuration file that it can write to. */
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

  /** Returns the Sentinel's view of the master. */
  async master(): Promise<Fields> {
    return (await this.ask('MASTER', MASTER_NAME)) as Fields;
  }

  async stop(): Promise<void> {
    await this.#process.terminate();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

/** A real master with two replicas and three Sentinels on loopback ports, for one test file. */
export class RedisSentinels implements AsyncDisposable {
  readonly nodes: readonly RedisNode[];
  readonly sentinels: readonly Sentinel[];
  #master: RedisNode;

  private constructor(nodes: readonly RedisNode[], sentinels: readonly Sentinel[]) {
    this.nodes = nodes;
    this.sentinels = sentinels;
    this.#master = nodes[0]!;
  }

  /** Starts the set; `args` are further command-line arguments of its servers. */
  static async start(args: readonly string[] = []): Promise<RedisSentinels> {
    const nodes = await Promise.all(Array.from({ length: COUNT }, () => RedisNode.start(args)));
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
   * Returns the node that all Sentinels, none of them in a failover, and the node itself report as the master. Two
   * Sentinels elected at once, for different epochs, each promote a replica; until both have finished, the view of the
   * majority may change.
   */
  async master(): Promise<RedisNode> {
    const find = async () => {
      const views = await Promise.all(this.sentinels.map((sentinel) => sentinel.master()));
      const isAgreed = views.every(({ flags, port }) => flags === 'master' && port === views[0]?.port);
      const node = isAgreed ? this.nodes.find(({ port }) => String(port) === views[0]?.port) : undefined;
      return (await node?.field('role', 'INFO', 'replication')) === 'master' ? node : undefined;
    };
    const master = await until(() => find().catch(() => undefined), {
      ...LONG_WAIT,
      message: 'the Sentinels to agree on a master',
    });
    return master as RedisNode;
  }

  /** The master that the Sentinels have reported last. */
  get lastMaster(): RedisNode {
    return this.#master;
  }

  /** Publishes on the master that the Sentinels report. */
  readonly publish = (kind: 'channel' | 'shard', name: string, data: string): Promise<unknown> =>
    kind === 'shard' ? this.#master.admin.sPublish(name, data) : this.#master.admin.publish(name, data);

  /** Kills all Sentinels, and restarts them after `meanwhile`. */
  async restartSentinels(meanwhile?: () => Promise<unknown>): Promise<void> {
    await Promise.all(this.sentinels.map((sentinel) => sentinel.kill()));
    await meanwhile?.();
    await Promise.all(this.sentinels.map((sentinel) => sentinel.restart()));
    await until(() => this.#areSettled().catch(() => false), LONG_WAIT);
  }

  /** Promotes a replica; both nodes stay alive. */
  async failOver(): Promise<RedisNode> {
    const old = await this.master();
    const leader = this.sentinels[0]!;
    // Sentinels abandon a failover whose replica is not promoted within `failover-timeout`, and do not begin it again.
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

  /** Restarts all servers, and waits until all of them know each other. */
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
    }, LONG_WAIT);
    // A master that was frozen for a while may have been replaced.
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
    }, LONG_WAIT)) as RedisNode;
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
