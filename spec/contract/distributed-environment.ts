import { keySlot } from '../../lib/hub/key-slot.js';
import type { SubscriptionKind } from '../../lib/channel-kind.js';
import {
  createCluster,
  createCluster5,
  createSentinel,
  type Create,
  type DistributedClient,
} from '../support/distributed-clients.js';
import { ioredisCluster, type IoredisLibrary } from '../support/ioredis-client.js';
import { RedisCluster } from '../support/redis-cluster.js';
import type { RedisNode } from '../support/redis-node.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import {
  ALL_ABILITIES,
  type Abilities,
  type Outsider,
  type RedisEnvironment,
  type EnvironmentClient,
  type EnvironmentKind,
} from './environment.js';

const SLOTS = 16_384;
const MASTERS = 3;
const USER = { username: 'tested', password: 'secret' };
const SOCKET = { reconnectStrategy: () => 5 };
/** The channel whose messages show how far a cluster has delivered. */
const MARK = 'world:mark';
/** Channels that are subscribed without any test. */
const FOREIGN_CHANNELS = [MARK, '__sentinel__:hello'];

/**
 * Several servers that act as one. Clients reach each server through a proxy; the environment itself connects directly.
 */
abstract class DistributedEnvironment implements RedisEnvironment {
  protected readonly proxies: ReadonlyMap<string, TcpProxy>;
  readonly #servers: RedisCluster | RedisSentinels;
  #heldSince: number | undefined;
  #clients: DistributedClient[] = [];

  constructor(servers: RedisCluster | RedisSentinels, proxies: ReadonlyMap<string, TcpProxy>) {
    this.#servers = servers;
    this.proxies = proxies;
  }

  protected get nodes(): readonly RedisNode[] {
    return this.#servers.nodes;
  }

  /** Maps the address of each server to its proxy. */
  protected readonly nodeAddressMap = (address: string) => {
    const proxy = this.proxies.get(address);
    return proxy && { host: '127.0.0.1', port: proxy.port };
  };

  protected abstract create(): DistributedClient;

  abstract publish(channel: string, data: string | Buffer): Promise<number>;

  abstract sPublish(channel: string, data: string | Buffer): Promise<number>;

  abstract outsider(key: string): Outsider;

  async client(): Promise<EnvironmentClient> {
    const client = this.create();
    client.on('error', () => undefined);
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  async subscribers(kind: SubscriptionKind, name: string): Promise<number> {
    const counts = await Promise.all(
      this.nodes.map(async ({ admin }) => {
        if (kind === 'pattern') return admin.pubSubNumPat();
        const count = kind === 'channel' ? admin.pubSubNumSub([name]) : admin.pubSubShardNumSub([name]);
        return Number((await count)[name]);
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Unsubscribes unused names: each reply follows everything that Redis has sent on its connection before. */
  async fence(client: EnvironmentClient): Promise<void> {
    const listener = () => undefined;
    const shards = Array.from({ length: 16 }, (_, index) => `fence:${index}`);
    await Promise.allSettled([
      client.unsubscribe('fence', listener),
      ...shards.map((name) => client.sUnsubscribe(name, listener)),
    ]);
  }

  async refuse(_refused: readonly string[], permitted: readonly string[]): Promise<void> {
    await this.#setRules(['resetchannels', '&fence*', ...permitted.map((name) => `&${name}`)]);
  }

  async refuseKeys(_refused: readonly string[], permitted: readonly string[]): Promise<void> {
    await this.#setRules(['resetkeys', ...permitted.map((key) => `~${key}`)]);
  }

  withhold(): void {
    this.#heldSince = this.#seen;
    for (const proxy of this.proxies.values()) proxy.hold('to-server');
  }

  acknowledge(): void {
    this.#heldSince = undefined;
    for (const proxy of this.proxies.values()) proxy.release('to-server');
  }

  async break(): Promise<void> {
    const proxies = [...this.proxies.values()];
    const since = this.#heldSince;
    // A client writes its commands one turn later. Commands that it has not written before the break would follow after
    // it.
    if (since !== undefined) await until(() => this.#seen > since);
    for (const proxy of proxies) {
      proxy.close();
      proxy.cut();
    }
    this.acknowledge();
    await until(() => proxies.every(({ connections }) => connections === 0));
  }

  heal(): Promise<void> {
    for (const proxy of this.proxies.values()) proxy.reopen();
    return Promise.resolve();
  }

  giveUp(): Promise<void> {
    throw new Error('These clients never stop reconnecting.');
  }

  async reset(): Promise<void> {
    const clients = this.#clients;
    this.#clients = [];
    await Promise.all(clients.filter(({ isOpen }) => isOpen).map((client) => client.destroy()));
    this.acknowledge();
    await this.heal();
    await this.#setRules(['reset', 'on', `>${USER.password}`, '+@all', '~*', 'allchannels']);
    await until(async () => (await Promise.all(this.nodes.map(hasNoSubscriptions))).every(Boolean));
  }

  async stop(): Promise<void> {
    await this.reset();
    await Promise.all([...this.proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()));
    await this.#servers.stop();
  }

  get #seen(): number {
    return [...this.proxies.values()].reduce((sum, proxy) => sum + proxy.seen('to-server'), 0);
  }

  async #setRules(rules: readonly string[]): Promise<void> {
    await Promise.all(this.nodes.map(({ admin }) => admin.aclSetUser(USER.username, [...rules])));
  }
}

class ClusterEnvironment extends DistributedEnvironment {
  readonly #create: Create;
  readonly #expected: readonly ExpectedDeliveries[];
  #marks = 0;

  private constructor(
    create: Create,
    cluster: RedisCluster,
    proxies: ReadonlyMap<string, TcpProxy>,
    expected: readonly ExpectedDeliveries[],
  ) {
    super(cluster, proxies);
    this.#create = create;
    this.#expected = expected;
  }

  static async start(create: Create): Promise<ClusterEnvironment> {
    const cluster = await RedisCluster.start({ masters: MASTERS });
    const expected = await Promise.all(cluster.nodes.map((node) => ExpectedDeliveries.at(node)));
    const environment = new ClusterEnvironment(create, cluster, await proxiesTo(cluster.nodes), expected);
    await environment.reset();
    return environment;
  }

  /** Publishes a message; resolves when all nodes have forwarded it. */
  async publish(channel: string, data: string | Buffer): Promise<number> {
    const { admin } = this.nodes[0]!;
    const mark = String(this.#marks++);
    const [count] = await Promise.all([admin.publish(channel, data), admin.publish(MARK, mark)]);
    await until(() => this.#expected.every((expected) => expected.received >= Number(mark)));
    return count;
  }

  sPublish(channel: string, data: string | Buffer): Promise<number> {
    return this.outsider(channel).sPublish(channel, data);
  }

  outsider(key: string): RedisNode['admin'] {
    return this.nodes[Math.floor((keySlot(key) * MASTERS) / SLOTS)]!.admin;
  }

  override async stop(): Promise<void> {
    for (const expected of this.#expected) expected.stop();
    await super.stop();
  }

  protected create(): DistributedClient {
    const rootNodes = [...this.proxies.values()].map(({ url }) => ({ url }));
    return this.#create({
      rootNodes,
      nodeAddressMap: this.nodeAddressMap,
      defaults: { ...USER, socket: SOCKET },
    });
  }
}

class SentinelEnvironment extends DistributedEnvironment {
  readonly #sentinels: RedisSentinels;

  private constructor(sentinels: RedisSentinels, proxies: ReadonlyMap<string, TcpProxy>) {
    super(sentinels, proxies);
    this.#sentinels = sentinels;
  }

  static async start(): Promise<SentinelEnvironment> {
    const sentinels = await RedisSentinels.start();
    const environment = new SentinelEnvironment(sentinels, await proxiesTo(sentinels.nodes));
    await environment.reset();
    return environment;
  }

  publish(channel: string, data: string | Buffer): Promise<number> {
    return this.nodes[0]!.admin.publish(channel, data);
  }

  sPublish(channel: string, data: string | Buffer): Promise<number> {
    return this.nodes[0]!.admin.sPublish(channel, data);
  }

  outsider(): RedisNode['admin'] {
    return this.nodes[0]!.admin;
  }

  protected create(): DistributedClient {
    return createSentinel({
      ...this.#sentinels.options,
      nodeAddressMap: this.nodeAddressMap,
      nodeClientOptions: { ...USER, socket: SOCKET },
    });
  }
}

/** The marks that one node of a cluster has delivered. */
class ExpectedDeliveries {
  received = -1;
  readonly stop: () => void;

  private constructor(stop: () => void) {
    this.stop = stop;
  }

  static async at({ admin }: RedisNode): Promise<ExpectedDeliveries> {
    const client = admin.duplicate({ disableOfflineQueue: false });
    client.on('error', () => undefined);
    const expected = new ExpectedDeliveries(() => client.destroy());
    await client.connect();
    await client.subscribe(MARK, (mark) => (expected.received = Number(mark)));
    return expected;
  }
}

/** Starts a proxy in front of each node; the keys are the addresses of the nodes. */
export async function proxiesTo(nodes: readonly RedisNode[]): Promise<ReadonlyMap<string, TcpProxy>> {
  const entries = nodes.map(async ({ address, port }) => [address, await TcpProxy.start(port)] as const);
  return new Map(await Promise.all(entries));
}

async function hasNoSubscriptions({ admin }: RedisNode): Promise<boolean> {
  const [channels, shards, patterns] = await Promise.all([
    admin.pubSubChannels(),
    admin.pubSubShardChannels(),
    admin.pubSubNumPat(),
  ]);
  return channels.every((name) => FOREIGN_CHANNELS.includes(name)) && shards.length + patterns === 0;
}

const ABILITIES: Abilities = { ...ALL_ABILITIES, registry: false, giveUp: false };

/** Returns an environment with a real cluster of three masters and three replicas. */
export function clusterEnvironment(name: string, version: 5 | 6): EnvironmentKind {
  const abilities = { ...ABILITIES, count: false, oneOrder: false };
  return {
    name,
    abilities,
    start: () => ClusterEnvironment.start(version === 6 ? createCluster : createCluster5),
  };
}

/** Returns an environment with such a cluster, whose clients are those of ioredis or iovalkey. */
export function ioredisClusterEnvironment(name: string, library: IoredisLibrary): EnvironmentKind {
  const abilities = { ...ABILITIES, count: false, oneOrder: false, nodeRedis: false };
  return { name, abilities, start: () => ClusterEnvironment.start(ioredisCluster(library)) };
}

/** Returns an environment with a real Sentinel set of one master, two replicas and three Sentinels. */
export function sentinelEnvironment(name: string): EnvironmentKind {
  return { name, abilities: ABILITIES, start: () => SentinelEnvironment.start() };
}
