import { type EventEmitter } from 'node:events';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis6';
import { Cluster as ValkeyCluster, Redis as Valkey } from 'iovalkey';
import type { PubSubClient } from '../../lib/index.js';
import type { ClientListener } from '../../lib/hub/client.js';
import { fromIoredis, type IoredisClient, type IoredisCluster } from '../../lib/ioredis/index.js';
import type { LogClient, ScriptOptions } from '../../lib/log/log-client.js';
import { until } from './until.js';
import type { Create } from './distributed-clients.js';
import type { LogTestClient } from './log-test-client.js';
import type { EnvironmentClient } from '../contract/environment.js';

const LIBRARIES = { ioredis5: Redis5, ioredis6: Redis6, iovalkey: Valkey } as unknown as Readonly<
  Record<string, new (url: string, options: object) => IoredisClient & EventEmitter>
>;

const CLUSTERS = { ioredis5: Cluster5, ioredis6: Cluster6, iovalkey: ValkeyCluster } as unknown as Readonly<
  Record<string, new (nodes: object[], options: object) => IoredisCluster & EventEmitter>
>;

export type IoredisLibrary = 'ioredis5' | 'ioredis6' | 'iovalkey';

/** The options of node-redis that have a counterpart in ioredis. */
export interface ClientOptions {
  readonly url: string;
  readonly RESP?: 2 | 3;
  readonly name?: string;
  readonly username?: string;
  readonly password?: string;
  readonly database?: number;
  readonly socket: { readonly reconnectStrategy: (retries: number) => number | false | Error };
}

/** The members that both versions of node-redis have; the compiler takes long for their own types. */
export interface ServerClient extends EnvironmentClient {
  readonly isReady: boolean;
  ping(): Promise<unknown>;
}

/** The library that `CLIENT` names for the specs of faults and the property tests; undefined for node-redis. */
export function libraryUnderTest(): IoredisLibrary | undefined {
  const library = process.env.CLIENT;
  if (library === undefined || library === '') return undefined;
  if (!(library in LIBRARIES))
    throw new Error(`CLIENT is ${library}, none of ${Object.keys(LIBRARIES).join()}`);
  return library as IoredisLibrary;
}

/** Returns the adapter of a new ioredis client, with the methods that only the tests need. */
export function ioredisClient(
  library: IoredisLibrary,
  { url, RESP, name, username, password, database, socket }: ClientOptions,
): ServerClient {
  let tries = 0;
  const retryStrategy = () => {
    const delay = socket.reconnectStrategy(tries++);
    return typeof delay === 'number' ? delay : undefined;
  };
  const redis = new LIBRARIES[library]!(url, {
    ...(username !== undefined && { username, password }),
    ...(name !== undefined && { connectionName: name }),
    ...(database !== undefined && { db: database }),
    lazyConnect: true,
    retryStrategy,
    ...(RESP && { protocol: RESP }),
  });
  redis.on('ready', () => (tries = 0));
  const client = fromIoredis(redis);
  const duplicate = client.duplicate.bind(client);
  return Object.assign(client, {
    connect: async () => {
      if (['wait', 'end'].includes(redis.status)) await redis.connect();
      await until(() => client.isReady === true);
      return client;
    },
    close: () => end(redis),
    destroy: () => redis.disconnect(),
    ping: () => redis.call('ping'),
    unsubscribeAsOthers: (command: string, names: readonly string[]) => redis.call(command, ...names),
    epoch: () => (redis as unknown as { readonly connectionEpoch: number }).connectionEpoch,
    ...countListeners(client, redis),
    duplicate: () => logClient(duplicate(), redis.duplicate({ lazyConnect: true })),
  }) as unknown as ServerClient;
}

const MESSAGE_EVENTS = ['message', 'pmessage', 'smessage'].flatMap((event) => [event, `${event}Buffer`]);

/** The options of node-redis's `createCluster` that have a counterpart in ioredis. */
interface ClusterClientOptions {
  readonly rootNodes: readonly { readonly url: string }[];
  readonly nodeAddressMap?: (address: string) => { host: string; port: number } | undefined;
  readonly defaults?: { readonly username?: string; readonly password?: string };
}

/** Returns a function that creates the adapter of a cluster, with the methods that only the tests need. */
export function ioredisCluster(library: IoredisLibrary): Create {
  return (options) => {
    const {
      rootNodes,
      nodeAddressMap,
      defaults: { username, password } = {},
    } = options as ClusterClientOptions;
    const user = username === undefined ? {} : { username, password };
    const cluster = new CLUSTERS[library]!(
      rootNodes.map(({ url }) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) })),
      {
        lazyConnect: true,
        clusterRetryStrategy: () => 5,
        ...(nodeAddressMap && { natMap: nodeAddressMap }),
        redisOptions: user,
      },
    );
    cluster.on('error', () => undefined);
    const subscribers: IoredisClient[] = [];
    const subscriber = ({ url }: { readonly url: string }) => {
      const redis = new LIBRARIES[library]!(url, user);
      redis.on('error', () => undefined);
      subscribers.push(redis);
      return fromIoredis(redis);
    };
    const end = async () => {
      for (const redis of subscribers.splice(0)) redis.disconnect();
      if (cluster.status === 'wait' || cluster.status === 'end') return;
      cluster.disconnect();
      await until(() => cluster.status === 'end' || cluster.nodes().length === 0);
    };
    const client = fromIoredis(cluster);
    const duplicate = client.duplicate.bind(client);
    return Object.assign(client, {
      connect: () => cluster.connect(),
      close: end,
      destroy: end,
      // The adapter of a cluster has no listeners of its own. These are on connections to single nodes.
      subscribe: (name: string, listener: ClientListener, binary?: boolean) =>
        subscriber(rootNodes[0]!).subscribe(name, listener, binary),
      sSubscribe: async (name: string, listener: ClientListener, binary?: boolean) => {
        for (const node of rootNodes) {
          const isRefused = (error: Error) => error.message.startsWith('MOVED');
          const refusal = await subscriber(node).sSubscribe(name, listener, binary).catch(isRefused);
          if (refusal !== true) return;
        }
      },
      ...countListeners(client, cluster),
      duplicate: () => logClient(duplicate(), cluster.duplicate([], { lazyConnect: true })),
    });
  };
}

/** Counts the listeners that the adapter has, and those for messages that it has left on the client of ioredis. */
function countListeners(client: PubSubClient, redis: EventEmitter) {
  const counts = new Map<string | symbol, number>();
  const { on, off } = client;
  const count = (event: string, by: number) => counts.set(event, (counts.get(event) ?? 0) + by);
  return {
    on(event: string, listener: (...args: unknown[]) => void) {
      count(event, 1);
      return on.call(client, event, listener);
    },
    off(event: string, listener: (...args: unknown[]) => void) {
      count(event, -1);
      return off.call(client, event, listener);
    },
    eventNames: () => [
      ...[...counts].flatMap(([event, number]) => (number > 0 ? [event] : [])),
      ...MESSAGE_EVENTS.filter((event) => redis.listenerCount(event) > 0),
    ],
    listenerCount: (event: string | symbol) =>
      (counts.get(event) ?? 0) + (MESSAGE_EVENTS.includes(String(event)) ? redis.listenerCount(event) : 0),
  };
}

/** Adds the commands that change a log, which go over a connection of their own. */
function logClient(logs: LogClient, editor: Pick<IoredisClient, 'call' | 'disconnect'>): LogTestClient {
  const destroyed = logs.destroy.bind(logs);
  return Object.assign(logs, {
    eval: (script: string, { keys, arguments: args }: ScriptOptions) =>
      editor.call('eval', script, keys.length, ...keys, ...args),
    xAdd: (key: string, id: string, message: Record<string, string>) =>
      editor.call('xadd', key, id, ...Object.entries(message).flat()),
    xTrim: (key: string, strategy: string, threshold: number) =>
      editor.call('xtrim', key, strategy, threshold),
    xDel: (key: string, ids: string | string[]) => editor.call('xdel', key, ...[ids].flat()),
    del: (keys: string | string[]) => editor.call('del', ...[keys].flat()),
    set: (key: string, value: string) => editor.call('set', key, value),
    destroy: () => {
      destroyed();
      editor.disconnect();
    },
  }) as unknown as LogTestClient;
}

/** Closes a client; resolves when it has ended. */
function end(redis: IoredisClient): Promise<void> {
  return new Promise((resolve) => {
    redis.on('end', () => resolve());
    redis.disconnect();
  });
}
