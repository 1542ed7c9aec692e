import { distanceBetween } from '../errors/known-options.js';

/** Options of node-redis's `createClient`. */
const CLIENT_NAMES = [
  ...['url', 'socket', 'username', 'password', 'credentialsProvider', 'name', 'database', 'keyPrefix'],
  ...['commandsQueueMaxLength', 'disableOfflineQueue', 'readonly', 'pingInterval', 'commandOptions', 'RESP'],
  ...[
    'clientSideCache',
    'himportRegistry',
    'disableClientInfo',
    'clientInfoTag',
    'emitInvalidate',
    'modules',
  ],
  ...['functions', 'scripts', 'maintNotifications', 'maintEndpointType', 'maintRelaxedCommandTimeout'],
  'maintRelaxedSocketTimeout',
];
const GROUP_NAMES = [
  ...[
    'rootNodes',
    'defaults',
    'minimizeConnections',
    'useReplicas',
    'maxCommandRedirections',
    'nodeAddressMap',
  ],
  ...[
    'sentinelRootNodes',
    'nodeClientOptions',
    'sentinelClientOptions',
    'maxCommandRediscovers',
    'scanInterval',
  ],
  ...['masterPoolSize', 'replicaPoolSize', 'passthroughClientErrorEvents', 'reserveClient'],
  'topologyRefreshOnReconnectionAttemptStrategy',
];
const KNOWN = [...CLIENT_NAMES, ...GROUP_NAMES];

const inSocket = (name: string) => [name, `socket: { ${name} }`] as const;

/** What is meant by a name that has another place in node-redis, or another name in ioredis. */
const MEANT = new Map<string, string>([
  ...['host', 'port', 'tls', 'path', 'family', 'localAddress', 'connectTimeout', 'socketTimeout'].map(
    inSocket,
  ),
  ...['reconnectStrategy', 'noDelay', 'keepAlive', 'keepAliveInitialDelay'].map(inSocket),
  ...['ca', 'cert', 'key', 'rejectUnauthorized', 'servername'].map(inSocket),
  ['db', 'database'],
  ['user', 'username'],
  ['connectionName', 'name'],
  ['readOnly', 'readonly'],
  ['retryStrategy', 'socket: { reconnectStrategy }'],
  ['clusterRetryStrategy', 'defaults: { socket: { reconnectStrategy } }'],
  ['sentinelRetryStrategy', 'sentinelClientOptions: { socket: { reconnectStrategy } }'],
  ['enableOfflineQueue', 'disableOfflineQueue'],
  ['commandTimeout', 'commandOptions: { timeout }'],
  ['sentinels', 'sentinelRootNodes'],
  ['sentinelPassword', 'sentinelClientOptions: { password }'],
  ['sentinelUsername', 'sentinelClientOptions: { username }'],
  ['redisOptions', 'defaults'],
  ['natMap', 'nodeAddressMap'],
]);

/**
 * Throws where an option has a name that node-redis would ignore without a word, and that was meant for another. A name that
 * resembles none passes.
 *
 * @param within the option that these options are in, as `defaults`; '' for the argument itself
 */
export function assertOptionNames(options: object, within = ''): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || KNOWN.includes(name)) continue;
    const meant = MEANT.get(name) ?? nearest(name);
    if (meant === undefined) continue;
    const where = within && ` in '${within}'`;
    const advice =
      meant === 'socket: { host }' || meant === 'socket: { port }' ? 'socket: { host, port }' : meant;
    throw Object.assign(
      new TypeError(`Unknown option '${name}'${where} of Receiver.open: node-redis has ${advice}.`),
      { code: 'ERR_INVALID_ARGUMENT' },
    );
  }
}

/** Returns the known name with at most two letters different; of a short name, one. */
function nearest(name: string): string | undefined {
  const candidates = KNOWN.map((known) => {
    const distance = distanceBetween(name.toLowerCase(), known.toLowerCase());
    return { known, distance, limit: known.length > 5 ? 2 : 1 };
  });
  const near = candidates.filter(({ distance, limit }) => distance <= limit);
  return near.sort((a, b) => a.distance - b.distance)[0]?.known;
}
