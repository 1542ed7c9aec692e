import type { ClusterClient, ClusterNode } from '../cluster/cluster-nodes.js';
import type { NodeAddress, NodeClient } from '../cluster/node-client.js';
import type { LogClient, ScriptOptions } from '../log/log-client.js';
import type { AdaptedIoredis } from './adapted-client.js';
import { AdaptedNode } from './adapted-node.js';
import { publish, runScript } from './commands.js';
import type { IoredisClient } from './ioredis-client.js';
import type { ClusterInternals } from './ioredis-cluster.js';
import { LogAdapter } from './log-adapter.js';
import { NatMap } from './nat-map.js';

type Listener = (...args: unknown[]) => void;
type Slots = ClusterClient['slots'];

/** An ioredis cluster in the form of node-redis. The hub of a cluster has connections of its own to the nodes. */
export class AdaptedCluster implements AdaptedIoredis, ClusterClient {
  readonly subscribe = refuse;
  readonly unsubscribe = refuse;
  readonly pSubscribe = refuse;
  readonly pUnsubscribe = refuse;
  readonly sSubscribe = refuse;
  readonly sUnsubscribe = refuse;

  readonly #cluster: ClusterInternals;
  readonly #natMap: NatMap;
  /** The adapted clients of nodes. */
  readonly #clients = new WeakMap<IoredisClient, AdaptedNode>();
  #slots: Slots = [];

  constructor(cluster: ClusterInternals) {
    this.#cluster = cluster;
    this.#natMap = new NatMap(cluster);
  }

  get isOpen(): boolean {
    const { status, manuallyClosing } = this.#cluster;
    const isClosing = ['disconnecting', 'close'].includes(status) && manuallyClosing !== false;
    return status !== 'end' && !isClosing;
  }

  get masters(): readonly ClusterNode[] {
    return this.#cluster.nodes('master').map((redis) => this.#nodeOf(redis));
  }

  get replicas(): readonly ClusterNode[] {
    return this.#cluster.nodes('slave').map((redis) => this.#nodeOf(redis));
  }

  /** The masters that the cluster has named first; the topology asks the nodes for changes. */
  get slots(): Slots {
    if (this.#slots.length === 0)
      this.#slots = this.#cluster.slots.map((keys) =>
        keys?.[0] ? { master: addressOf(keys[0]) } : undefined,
      );
    return this.#slots;
  }

  on(event: string, listener: Listener): this {
    for (const name of EVENTS[event] ?? [event]) this.#cluster.on(name, listener);
    // The hub begins to watch the cluster. With `lazyConnect`, the nodes are known once the cluster is connected.
    if (event === 'disconnect' && this.#cluster.status === 'wait')
      this.#cluster.connect().catch(() => undefined);
    return this;
  }

  off(event: string, listener: Listener): this {
    for (const name of EVENTS[event] ?? [event]) this.#cluster.off(name, listener);
    return this;
  }

  async nodeClient({ host, port }: ClusterNode): Promise<NodeClient> {
    const redis = [...this.#cluster.nodes('master'), ...this.#cluster.nodes('slave')].find(
      ({ options }) => options.host === host && options.port === port,
    );
    if (!redis) throw new Error('The cluster does not know this node any more.');
    const client = this.#adapted(redis);
    await client.connect();
    return client;
  }

  publish(channel: string, message: string | Buffer): Promise<number> {
    return publish(this.#cluster, 'publish', channel, message);
  }

  sPublish(channel: string, message: string | Buffer): Promise<number> {
    return publish(this.#cluster, 'spublish', channel, message);
  }

  eval(script: string, options: ScriptOptions): Promise<unknown> {
    return runScript(this.#cluster, '', 'eval', script, options);
  }

  evalSha(sha1: string, options: ScriptOptions): Promise<unknown> {
    return runScript(this.#cluster, '', 'evalsha', sha1, options);
  }

  duplicate(): LogClient {
    return new LogAdapter(
      this.#cluster.duplicate([], { lazyConnect: true, enableAutoPipelining: false }),
      '',
    );
  }

  /** ioredis connects the clients of nodes that it needs; until then, the node has none. */
  #nodeOf(redis: IoredisClient): ClusterNode {
    const client = this.#adapted(redis);
    return { ...client.options.socket, client: redis.status === 'wait' ? undefined : client };
  }

  #adapted(redis: IoredisClient): AdaptedNode {
    let client = this.#clients.get(redis);
    if (!client) this.#clients.set(redis, (client = new AdaptedNode(redis, this.#natMap)));
    return client;
  }
}

/** The events of ioredis, by those of node-redis. During an outage, ioredis 5 and iovalkey do not emit `end`. */
const EVENTS: Readonly<Record<string, readonly string[]>> = { disconnect: ['disconnecting', 'end'] };

function refuse(): Promise<never> {
  return Promise.reject(new Error('An adapted cluster has no listeners of its own: pass it to a Receiver.'));
}

function addressOf(key: string): NodeAddress {
  const colon = key.lastIndexOf(':');
  return { host: key.slice(0, colon), port: Number(key.slice(colon + 1)) };
}
