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
/** The options of node-redis's `createCluster`, recognised by `rootNodes`. */
export type OpenClusterOptions = RedisClusterOptions<
  RedisModules,
  RedisFunctions,
  RedisScripts,
  RespVersions
>;
/** The options of node-redis's `createSentinel`, recognised by `sentinelRootNodes`. */
export type OpenSentinelOptions = RedisSentinelOptions<
  RedisModules,
  RedisFunctions,
  RedisScripts,
  RespVersions
>;
/** The target of `Receiver.open`: one server, a cluster, or the master of a Sentinel set. */
export type OpenOptions = OpenServerOptions | OpenClusterOptions | OpenSentinelOptions;

/** A function that returns the milliseconds until the next attempt, or false to give up. */
export type RetryIn = (retries: number, cause: unknown) => number | false;

export type OpenTarget =
  | { readonly kind: 'server'; readonly options: OpenServerOptions }
  | { readonly kind: 'cluster'; readonly options: OpenClusterOptions; readonly retryIn: RetryIn }
  | { readonly kind: 'sentinel'; readonly options: OpenSentinelOptions; readonly retryIn: RetryIn };

type ConnectionOptions = Pick<RedisClientOptions, 'maintNotifications' | 'pingInterval' | 'socket'>;

/** Milliseconds of silence after which the server is pinged. */
const PING_INTERVAL = 5_000;
/** Milliseconds of silence, despite the pings, after which the connection counts as dead. */
const SOCKET_TIMEOUT = 15_000;
const SHORTEST_WAIT = 50;
const LONGEST_WAIT = 2_000;

/** Returns the target, with pings and a reconnect strategy unless the user has set them. */
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
    throw invalidArgument(
      "the option 'name'",
      'the name of the master in the configuration of the Sentinels',
      name,
    );
  }
  const options = {
    // Without this option, a wrong password would not be reported.
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
  // A Receiver has its own connections; those of the client are only for asking which node to connect to.
  const options = { minimizeConnections: true, ...redis, defaults };
  return { kind: 'cluster', options, retryIn: retryIn(defaults) };
}

/**
 * Throws if the URL is not valid. The errors of Node and node-redis would show the whole URL with its password, and a
 * cluster client does not report an unusable URL, but retries it for ever.
 */
function assertUrl(
  url: string | undefined,
  socket: { readonly tls?: boolean } | undefined,
  schemes: 'any' | 'redis' = 'any',
): void {
  if (url === undefined || (schemes === 'any' && url.startsWith('unix:'))) return;
  // In a URL without a host, the password stands in its place.
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
    // When a server announces that it moves, node-redis 6 swaps the socket and does not resubscribe on the new one. It also
    // cannot ask for such announcements if the URL has an IPv6 address, or a user and the path of a Unix socket.
    maintNotifications: 'disabled',
    pingInterval: PING_INTERVAL,
    ...options,
    socket: { socketTimeout: SOCKET_TIMEOUT, reconnectStrategy, ...options.socket },
  };
}

/** Returns an exponential pause, at most 2 seconds, less up to half at random, so that clients do not come all at once. */
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
