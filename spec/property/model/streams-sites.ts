import type { PubSubClient } from '../../../lib/index.js';
import {
  clientUnderTest,
  clusterUnderTest,
  nodeRedisClient,
  type ClientUnderTest,
} from '../../support/client-under-test.js';
import { createSentinel } from '../../support/distributed-clients.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import type { RedisNode } from '../../support/redis-node.js';
import { RedisSentinels } from '../../support/redis-sentinels.js';
import { RedisServer } from '../../support/redis-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { until } from '../../support/until.js';

const LONG_WAIT = { timeout: 30_000 };
/** The commands without which a replica gets nothing. */
const REPLICATION = ['sync', 'psync', 'replconf'];

const socket = { reconnectStrategy: () => 5 };
type Writer = ClientUnderTest;

export type SiteClient = PubSubClient & { destroy(): unknown };

/** Redis as the streams of a property test have it. */
export interface StreamsSite {
  /** Milliseconds: so often a stream is compared with its position while nothing is added. */
  readonly heartbeat: number;
  /** The proxy between the Receiver and the server. */
  readonly proxy?: TcpProxy;
  /** Returns a client for a Receiver. */
  connect(): Promise<SiteClient>;
  /** Returns the client that writes to a stream. */
  writer(name: string): Promise<Writer>;
  pause(client: SiteClient): Promise<unknown>;
  /** Kills all connections but those of the writers. */
  kill(): Promise<unknown>;
  /** Restarts the server, which loses its data. */
  restart?(): Promise<void>;
  /** Makes a replica the master of a stream; it has everything but what `lost` writes. */
  failOver?(name: string, isKilled: boolean, lost?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

export async function serverSite(): Promise<StreamsSite> {
  const server = await RedisServer.start();
  const proxy = await TcpProxy.start(server.port);
  const writer = nodeRedisClient({ url: server.url, socket });
  await writer.connect();
  const clients = new Set<Writer>();
  return {
    heartbeat: 40,
    proxy,
    async connect() {
      const client = clientUnderTest({ url: proxy.url, socket });
      await client.connect();
      clients.add(client);
      return client;
    },
    writer: () => Promise.resolve(writer),
    pause: (client) => (client as unknown as Writer).ping().catch(() => undefined),
    kill: () => writer.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']),
    async restart() {
      await server.restart();
      await until(() => writer.isReady && [...clients].every((client) => client.isReady || !client.isOpen));
    },
    async stop() {
      writer.destroy();
      await proxy[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

export async function clusterSite(): Promise<StreamsSite> {
  const cluster = await RedisCluster.start({ nodeTimeout: 1_000 });
  return distributedSite({
    nodes: cluster.nodes,
    replicas: 1,
    client: () => clusterUnderTest({ rootNodes: cluster.rootNodes }),
    masterOf: (name) => cluster.ownerOf(name),
    async promote(master, isKilled) {
      const replica = await cluster.replicaOf(master);
      if (isKilled) await master.server.kill();
      // Without a vote, and whatever the replica has.
      await replica.ask('CLUSTER', 'FAILOVER', 'TAKEOVER');
      await until(async () => (await replica.field('role', 'INFO', 'replication')) === 'master', LONG_WAIT);
    },
    heal: () => cluster.heal(),
    stop: () => cluster.stop(),
  });
}

export async function sentinelSite(): Promise<StreamsSite> {
  const set = await RedisSentinels.start();
  return distributedSite({
    nodes: set.nodes,
    replicas: 2,
    client: () => createSentinel(set.options),
    masterOf: () => set.master(),
    promote: (_master, isKilled) => (isKilled ? set.killMaster() : set.failOver()),
    heal: () => set.heal(),
    stop: () => set.stop(),
  });
}

interface Servers {
  readonly nodes: readonly RedisNode[];
  /** Replicas of each master. */
  readonly replicas: number;
  client(): ReturnType<typeof clusterUnderTest>;
  masterOf(name: string): Promise<RedisNode>;
  promote(master: RedisNode, isKilled: boolean): Promise<unknown>;
  heal(): Promise<void>;
  stop(): Promise<void>;
}

function distributedSite({ nodes, replicas, client, masterOf, promote, heal, stop }: Servers): StreamsSite {
  const masters = new Map<string, RedisNode>();
  const find = async (name: string) => {
    const master = masters.get(name) ?? (await masterOf(name));
    masters.set(name, master);
    return master;
  };
  const permit = ({ admin }: RedisNode, sign: '+' | '-') =>
    admin.aclSetUser(
      'default',
      REPLICATION.map((command) => sign + command),
    );
  return {
    heartbeat: 200,
    async connect() {
      const connected = client();
      connected.on('error', () => undefined);
      await connected.connect();
      return connected;
    },
    writer: async (name) => (await find(name)).admin,
    pause: () => nodes[0]!.ask('PING'),
    kill: () =>
      Promise.all(nodes.map((node) => node.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'))),
    async failOver(name, isKilled, lost) {
      const master = await find(name);
      await until(
        async () => Number(await master.ask('WAIT', String(replicas), '1000')) >= replicas,
        LONG_WAIT,
      );
      if (lost) {
        await permit(master, '-');
        await master.ask('CLIENT', 'KILL', 'TYPE', 'replica');
        await lost();
      }
      await promote(master, isKilled);
      masters.clear();
      if (!isKilled) await permit(master, '+');
      await heal();
    },
    stop,
  };
}
