import type {
  RedisClientOptions,
  RedisClusterOptions,
  RedisFunctions,
  RedisModules,
  RedisScripts,
  RedisSentinelOptions,
  RespVersions,
} from 'redis';
import { assertOptionNames } from './option-names.js';
import { invalidArgument } from '../errors/invalid-argument.js';

/** The options of node-redis's `createClient`, of either protocol. */
export type OpenServerOptions = RedisClientOptions<RedisModules, RedisFunctions, RedisScripts, RespVersions>;
/** The options of node-redis's `createCluster`: they have `rootNodes`. */
export type OpenClusterOptions = RedisClusterOptions<
  RedisModules,
  RedisFunctions,
  RedisScripts,
  RespVersions
>;
/** The options of node-redis's `createSentinel`: they have `sentinelRootNodes`. */
export type OpenSentinelOptions = RedisSentinelOptions<
  RedisModules,
  RedisFunctions,
  RedisScripts,
  RespVersions
>;
/** What `Receiver.open` connects to: one server, a cluster, or the master that Sentinels watch over. */
export type OpenOptions = OpenServerOptions | OpenClusterOptions | OpenSentinelOptions;

/** Milliseconds until the next try, or false to give up. */
export type RetryIn = (retries: number, cause: unknown) => number | false;

export type OpenTarget =
  | { readonly kind: 'server'; readonly options: OpenServerOptions }
  | { readonly kind: 'cluster'; readonly options: OpenClusterOptions; readonly retryIn: RetryIn }
  | { readonly kind: 'sentinel'; readonly options: OpenSentinelOptions; readonly retryIn: RetryIn };

type ConnectionOptions = Pick<RedisClientOptions, 'maintNotifications' | 'pingInterval' | 'socket'>;

/** Milliseconds without a word after which the server is asked for one. */
const PING_INTERVAL = 5_000;
/** Milliseconds without a word, the answers to those included, after which the connection counts as dead. */
const SOCKET_TIMEOUT = 15_000;
const SHORTEST_WAIT = 50;
const LONGEST_WAIT = 2_000;

/** What to connect to, with a heartbeat and a way to reconnect where the user has set none. */
export function parseOpenOptions(redis: string | OpenOptions): OpenTarget {
  if (typeof redis === 'string') return parseOpenOptions({ url: redis });
  if (typeof redis !== 'object' || (redis as object | null) === null) {
    throw invalidArgument(
      'what Receiver.open connects to',
      'a URL or the options of createClient, createCluster or createSentinel',
      redis,
    );
  }
  if ('sentinelRootNodes' in redis) return parseSentinel(redis);
  if ('rootNodes' in redis) return parseCluster(redis);
  assertOptionNames('server', redis);
  assertUrl(redis.url, redis.socket);
  return { kind: 'server', options: withDefaults(redis) };
}

function parseSentinel(redis: OpenSentinelOptions): OpenTarget {
  const { sentinelRootNodes, name, nodeClientOptions = {}, sentinelClientOptions = {} } = redis;
  assertOptionNames('sentinel', redis);
  assertOptionNames('server', nodeClientOptions, 'nodeClientOptions');
  assertOptionNames('server', sentinelClientOptions, 'sentinelClientOptions');
  assertNodes('sentinelRootNodes', sentinelRootNodes);
  if (typeof name !== 'string' || name === '') {
    throw invalidArgument("the option 'name'", 'what the Sentinels call their master', name);
  }
  const options = {
    // Else nobody would hear that a password is wrong.
    passthroughClientErrorEvents: true,
    ...redis,
    nodeClientOptions: withDefaults(nodeClientOptions),
    sentinelClientOptions: withDefaults(sentinelClientOptions),
  };
  return { kind: 'sentinel', options, retryIn: retryIn(options.nodeClientOptions) };
}

function parseCluster(redis: OpenClusterOptions): OpenTarget {
  const { rootNodes, defaults: given = {} } = redis;
  assertOptionNames('cluster', redis);
  assertOptionNames('server', given, 'defaults');
  assertNodes('rootNodes', rootNodes);
  for (const node of rootNodes) {
    assertOptionNames('server', node, 'rootNodes');
    assertUrl(node.url, { ...given.socket, ...node.socket }, 'redis');
  }
  assertUrl(given.url, given.socket, 'redis');
  const defaults = withDefaults(given);
  // A Receiver has connections of its own: the client's are for asking where to lead them.
  const options = { minimizeConnections: true, ...redis, defaults };
  return { kind: 'cluster', options, retryIn: retryIn(defaults) };
}

/**
 * Node's and node-redis's own errors would show the whole URL, and with it the password. A cluster's client tells nobody of a
 * URL of which it can make nothing, and would try it for ever.
 */
function assertUrl(
  url: string | undefined,
  socket: { readonly tls?: boolean } | undefined,
  schemes: 'any' | 'redis' = 'any',
): void {
  if (url === undefined || (schemes === 'any' && url.startsWith('unix:'))) return;
  // Who has forgotten the host has the password in its place.
  const shown = url.replace(/^([^/]*\/\/)?(.*@|[^:]*:.*)/s, '$1…');
  const what = 'the URL of the server';
  if (!URL.canParse(url) || (schemes === 'redis' && !/^rediss?:/.test(url)))
    throw invalidArgument(what, 'like redis://user:password@host:6379', shown);
  const { protocol, pathname } = new URL(url);
  if (isNaN(Number(pathname.slice(1)))) {
    const advice = 'The path of a Unix socket is given as unix:///path.';
    throw invalidArgument(
      what,
      'like redis://host:6379, or redis://host:6379/1 with a database',
      shown,
      advice,
    );
  }
  const isTls = protocol === 'rediss:';
  if (socket?.tls !== undefined && socket.tls !== isTls)
    throw invalidArgument(
      "socket.tls, beside a URL of the scheme '" + protocol + "',",
      `${isTls}`,
      socket.tls,
    );
}

function assertNodes(option: string, nodes: unknown): void {
  if (Array.isArray(nodes) && nodes.length > 0) return;
  throw invalidArgument(`the option '${option}'`, 'a list of at least one server', nodes);
}

function withDefaults<T extends ConnectionOptions>(options: T): T {
  return {
    // When a server announces that it moves, node-redis 6 swaps the socket and does not subscribe again on the new one. It
    // also cannot ask for such announcements where the URL has an IPv6 address, or a user and the path of a Unix socket.
    maintNotifications: 'disabled',
    pingInterval: PING_INTERVAL,
    ...options,
    socket: { socketTimeout: SOCKET_TIMEOUT, reconnectStrategy, ...options.socket },
  };
}

/** Exponential, at most 2 seconds, with up to half of it taken off at random, so that clients do not come all at once. */
function reconnectStrategy(retries: number): number {
  const longest = Math.min(SHORTEST_WAIT * 2 ** retries, LONGEST_WAIT);
  return longest * (0.5 + Math.random() / 2);
}

function retryIn({ socket }: ConnectionOptions): RetryIn {
  const strategy = socket?.reconnectStrategy ?? reconnectStrategy;
  return (retries, cause) => {
    const pause = typeof strategy === 'function' ? strategy(retries, cause as Error) : strategy;
    return typeof pause === 'number' ? pause : false;
  };
}
