import { nearestOf } from '../errors/known-options.js';
import { OPEN_OPTIONS } from '../receiver-options.js';

/** The options of `createClient`, and of each client inside a cluster or Sentinel client. */
const CLIENT_NAMES = [
  'url',
  'socket',
  'username',
  'password',
  'credentialsProvider',
  'name',
  'database',
  'keyPrefix',
  'commandsQueueMaxLength',
  'disableOfflineQueue',
  'readonly',
  'pingInterval',
  'commandOptions',
  'clientSideCache',
  'himportRegistry',
  'disableClientInfo',
  'clientInfoTag',
  'emitInvalidate',
  'maintNotifications',
  'maintEndpointType',
  'maintRelaxedCommandTimeout',
  'maintRelaxedSocketTimeout',
  'RESP',
  'modules',
  'functions',
  'scripts',
];
/** The options that a cluster client and a Sentinel client have in common. */
const SHARED_NAMES = [
  'keyPrefix',
  'commandOptions',
  'clientSideCache',
  'himportRegistry',
  'RESP',
  'modules',
  'functions',
  'scripts',
  'nodeAddressMap',
];
const CLUSTER_NAMES = [
  'rootNodes',
  'defaults',
  'minimizeConnections',
  'useReplicas',
  'maxCommandRedirections',
  'topologyRefreshOnReconnectionAttemptStrategy',
  ...SHARED_NAMES,
];
const SENTINEL_NAMES = [
  'name',
  'sentinelRootNodes',
  'nodeClientOptions',
  'sentinelClientOptions',
  'maxCommandRediscovers',
  'masterPoolSize',
  'replicaPoolSize',
  'scanInterval',
  'passthroughClientErrorEvents',
  'reserveClient',
  ...SHARED_NAMES,
];
/** The options of `socket` that users are likely to set. */
const SOCKET_NAMES = [
  'host',
  'port',
  'path',
  'tls',
  'family',
  'localAddress',
  'localPort',
  'noDelay',
  'keepAlive',
  'keepAliveInitialDelay',
  'connectTimeout',
  'socketTimeout',
  'reconnectStrategy',
  'ca',
  'cert',
  'key',
  'pfx',
  'passphrase',
  'servername',
  'rejectUnauthorized',
  'checkServerIdentity',
  'minVersion',
  'maxVersion',
  'ciphers',
];

/** node-redis's names of options, by the name that other libraries use or that is often mistaken for it. */
const RENAMED = new Map([
  ['db', 'database'],
  ['user', 'username'],
  ['pass', 'password'],
  ['auth', 'password'],
  ['ssl', 'socket: { tls }'],
  ['connectionName', 'name'],
  ['protocol', 'RESP'],
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

/** The options at one place. */
interface Level {
  readonly names: readonly string[];
  /** The option that holds the options of each single client; undefined if they stand at this place. */
  readonly client?: string;
}

const LEVELS = {
  server: { names: CLIENT_NAMES },
  cluster: { names: CLUSTER_NAMES, client: 'defaults' },
  sentinel: { names: SENTINEL_NAMES, client: 'nodeClientOptions' },
} as const satisfies Record<string, Level>;

/** The options that tell a cluster or Sentinel set from a server: misspelt, they leave the target a server. */
const MARKS = ['rootNodes', 'sentinelRootNodes'];

/**
 * Throws if an option has a name or a place that node-redis ignores silently, and resembles one of its options. Other names
 * pass, because a later version may have them.
 *
 * @param within the option that contains these options, as in `'defaults'`; empty for the argument of `open` itself
 */
export function assertOptionNames(kind: keyof typeof LEVELS, options: object, within = ''): void {
  const level: Level = LEVELS[kind];
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || level.names.includes(name)) continue;
    const advice = adviceOn(name, level);
    if (advice) throw unknownOption(name, within, advice);
  }
  if (kind === 'server') assertSocketNames((options as { socket?: unknown }).socket, within);
}

function assertSocketNames(socket: unknown, within: string): void {
  if (typeof socket !== 'object' || socket === null) return;
  for (const name of Object.keys(socket)) {
    if (SOCKET_NAMES.includes(name)) continue;
    const meant = misspelt(name, SOCKET_NAMES);
    if (meant)
      throw unknownOption(name, within ? `${within}: { socket }` : 'socket', `node-redis has ${meant}`);
  }
}

function adviceOn(name: string, { names, client }: Level): string | undefined {
  if (OPEN_OPTIONS.includes(name)) return 'an option of the Receiver belongs in the second argument';
  const place = (option: string) => `it belongs in ${client ? `${client}: { ${option} }` : option}`;
  if (client && CLIENT_NAMES.includes(name)) return place(name);
  if (name === 'host' || name === 'port') return place('socket: { host, port }');
  if (SOCKET_NAMES.includes(name)) return place(`socket: { ${name} }`);
  const meant = RENAMED.get(name) ?? misspelt(name, [...names, ...MARKS]);
  return meant && `node-redis has ${meant}`;
}

/** Returns the known name within two slips, or within one for a short name: two would turn one word into another. */
function misspelt(name: string, known: readonly string[]): string | undefined {
  return nearestOf(name, known, name.length > 5 ? 2 : 1);
}

function unknownOption(name: string, within: string, advice: string): TypeError {
  const place = within && ` in '${within}'`;
  return Object.assign(new TypeError(`Unknown option '${name}'${place} of Receiver.open: ${advice}.`), {
    code: 'ERR_INVALID_ARGUMENT',
  });
}
