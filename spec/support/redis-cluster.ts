import { RedisNode } from './redis-node.js';
import { until } from './until.js';
import { keySlot } from '../../lib/hub/key-slot.js';

const SLOTS = 16_384;
const ARGS = ['--cluster-enabled', 'yes', '--cluster-replica-validity-factor', '0'];
/** The node timeout, in milliseconds, while the cluster forms: nodes gossip more often if it is short. */
const FORMING_TIMEOUT = 1_000;
const LONG_WAIT = { timeout: 30_000 };

export interface RedisClusterOptions {
  /** The number of masters. @default 3 */
  readonly masters?: number;
  /** The number of replicas of each master. @default 1 */
  readonly replicas?: number;
  /**
   * Milliseconds of silence after which a node counts as failed. Half of this time a node may be too busy to reply to the
   * others: after that, Redis drops their connection and its messages. @default 15000, as in Redis
   */
  readonly nodeTimeout?: number;
  readonly args?: readonly string[];
}

/** A real cluster on loopback ports, for one test file. The first masters share the slots evenly, in order. */
export class RedisCluster implements AsyncDisposable {
  readonly nodes: readonly RedisNode[];
  readonly #masters: number;
  readonly #owners = new Map<string, RedisNode>();

  private constructor(nodes: readonly RedisNode[], masters: number) {
    this.nodes = nodes;
    this.#masters = masters;
  }

  static async start({
    masters = 3,
    replicas = 1,
    nodeTimeout = 15_000,
    args = [],
  }: RedisClusterOptions = {}): Promise<RedisCluster> {
    const count = masters * (1 + replicas);
    const allArgs = [...ARGS, '--cluster-node-timeout', String(nodeTimeout), ...args];
    const nodes = await Promise.all(Array.from({ length: count }, () => RedisNode.start(allArgs)));
    const cluster = new RedisCluster(nodes, masters);
    await cluster.#setNodeTimeout(FORMING_TIMEOUT);
    await cluster.#form();
    await cluster.#setNodeTimeout(nodeTimeout);
    return cluster;
  }

  get rootNodes(): { url: string }[] {
    return this.nodes.map(({ server }) => ({ url: server.url }));
  }

  /** Returns the node that reports itself as the master of the name's slot. */
  async ownerOf(name: string): Promise<RedisNode> {
    return found(async () => {
      for (const node of this.nodes) if (await this.#owns(node, keySlot(name))) return node;
      return undefined;
    });
  }

  async replicaOf(master: RedisNode): Promise<RedisNode> {
    return found(async () => {
      for (const node of this.nodes) {
        const port = await node.field('master_port', 'INFO', 'replication');
        if (port === String(master.port)) return node;
      }
      return undefined;
    });
  }

  /**
   * Publishes on the last reachable node. Publishes to a sharded channel on the master of its slot, because a message
   * published on a replica may be lost on the way from there.
   */
  readonly publish = async (kind: 'channel' | 'shard', name: string, data: string): Promise<unknown> => {
    if (kind === 'channel') {
      const node = this.nodes.findLast(({ admin }) => admin.isReady) ?? this.nodes[0]!;
      return node.admin.publish(name, data);
    }
    const owner = this.#owners.get(name) ?? (await this.ownerOf(name));
    this.#owners.set(name, owner);
    try {
      return await owner.admin.sPublish(name, data);
    } catch (error) {
      const port = /^MOVED \d+ .*:(\d+)$/.exec((error as Error).message)?.[1];
      const next = this.nodes[(this.nodes.indexOf(owner) + 1) % this.nodes.length]!;
      this.#owners.set(name, this.nodes.find((other) => String(other.port) === port) ?? next);
      throw error;
    }
  };

  /** Promotes a replica of the master; both nodes stay alive. */
  async failOver(master: RedisNode): Promise<RedisNode> {
    const replica = await this.replicaOf(master);
    await until(
      async () => (await replica.field('master_link_status', 'INFO', 'replication')) === 'up',
      LONG_WAIT,
    );
    await replica.ask('CLUSTER', 'FAILOVER');
    await until(async () => (await replica.field('role', 'INFO', 'replication')) === 'master', LONG_WAIT);
    return replica;
  }

  /** Moves the slot with its keys to another master as redis-cli does; waits for `onStep` after each step. */
  async migrate(
    slot: number,
    from: RedisNode,
    to: RedisNode,
    onStep?: () => Promise<unknown>,
  ): Promise<void> {
    const set = (node: RedisNode, ...state: string[]) =>
      node.ask('CLUSTER', 'SETSLOT', String(slot), ...state).then(onStep);
    const [source, target] = await Promise.all([from, to].map((node) => node.ask('CLUSTER', 'MYID')));
    await set(to, 'IMPORTING', source!);
    await set(from, 'MIGRATING', target!);
    const keys = await from.admin.sendCommand<string[]>(['CLUSTER', 'GETKEYSINSLOT', String(slot), '1000']);
    for (const key of keys) {
      await from.ask('MIGRATE', '127.0.0.1', String(to.port), key, '0', '5000');
      await onStep?.();
    }
    await set(to, 'NODE', target!);
    await set(from, 'NODE', target!);
  }

  /** Returns the counts of all nodes together. */
  async numSub(...names: string[]): Promise<number[]> {
    const counts = await Promise.all(this.#alive().map(({ admin }) => admin.pubSubNumSub(names)));
    return names.map((name) => sum(counts.map((count) => Number(count[name]))));
  }

  async shardNumSub(...names: string[]): Promise<number[]> {
    // A cluster accepts no command for names of several slots.
    return Promise.all(
      names.map(async (name) => {
        const counts = await Promise.all(this.#alive().map(({ admin }) => admin.pubSubShardNumSub([name])));
        return sum(counts.map((count) => Number(count[name])));
      }),
    );
  }

  async numPat(): Promise<number> {
    return sum(await Promise.all(this.#alive().map(({ admin }) => admin.pubSubNumPat())));
  }

  /** Restarts all nodes, and waits until they form one cluster in which every master has its replica. */
  async heal(): Promise<void> {
    for (const { server } of this.nodes) {
      server.thaw();
      if (!server.isRunning) await server.restart();
    }
    await until(() => this.nodes.every(({ admin }) => admin.isReady), LONG_WAIT);
    await this.#waitUntilComplete();
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #alive(): readonly RedisNode[] {
    return this.nodes.filter(({ server }) => server.isRunning);
  }

  async #owns(node: RedisNode, slot: number): Promise<boolean> {
    const lines = await node.ask('CLUSTER', 'NODES').catch(() => '');
    const own = lines.split('\n').find((line) => line.includes('myself,master'));
    const ranges = own?.split(' ').slice(8) ?? [];
    return ranges.some((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return first! <= slot && slot <= last!;
    });
  }

  async #setNodeTimeout(milliseconds: number): Promise<void> {
    const args = ['CONFIG', 'SET', 'cluster-node-timeout', String(milliseconds)];
    await Promise.all(this.nodes.map((node) => node.ask(...args)));
  }

  async #form(): Promise<void> {
    const masters = this.nodes.slice(0, this.#masters);
    const bound = (index: number) => Math.ceil((SLOTS * index) / masters.length);
    await Promise.all(
      masters.map(async (node, index) => {
        await node.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
        await node.ask('CLUSTER', 'ADDSLOTSRANGE', String(bound(index)), String(bound(index + 1) - 1));
      }),
    );
    // Each node meets each other one, because gossip alone takes seconds.
    await Promise.all(
      this.nodes.flatMap((node) =>
        this.nodes.map((other) => node.ask('CLUSTER', 'MEET', '127.0.0.1', String(other.port))),
      ),
    );
    const known = String(this.nodes.length);
    const knows = async (node: RedisNode) =>
      (await node.field('cluster_known_nodes', 'CLUSTER', 'INFO')) === known &&
      !(await node.ask('CLUSTER', 'NODES')).includes('handshake');
    await until(async () => (await Promise.all(this.nodes.map(knows))).every(Boolean), LONG_WAIT);
    await Promise.all(
      this.nodes.slice(masters.length).map(async (node, index) => {
        const id = await masters[index % masters.length]!.ask('CLUSTER', 'MYID');
        await until(() => node.ask('CLUSTER', 'REPLICATE', id).catch(() => false), LONG_WAIT);
      }),
    );
    await this.#waitUntilComplete();
  }

  async #waitUntilComplete(): Promise<void> {
    const isComplete = async (node: RedisNode) => {
      const [state, role, link] = await Promise.all([
        node.field('cluster_state', 'CLUSTER', 'INFO'),
        node.field('role', 'INFO', 'replication'),
        node.field('master_link_status', 'INFO', 'replication'),
      ]);
      const lines = await node.ask('CLUSTER', 'NODES');
      const masters = lines.split('\n').filter((line) => line.includes('master')).length;
      return (
        state === 'ok' &&
        (role === 'master' || link === 'up') &&
        !lines.includes('fail') &&
        masters === this.#masters
      );
    };
    await until(
      async () =>
        (await Promise.all(this.nodes.map((node) => isComplete(node).catch(() => false)))).every(Boolean),
      LONG_WAIT,
    );
  }
}

async function found(look: () => Promise<RedisNode | undefined>): Promise<RedisNode> {
  return (await until(look, LONG_WAIT)) as RedisNode;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
