/** The names of a client's three maps of listeners. */
export type RegistryType = 'CHANNELS' | 'PATTERNS' | 'SHARDED';

/** A listener of the client: strings, or Buffers. */
type Listener = (message: unknown, channel: unknown) => void;

/** The listeners of one name, by mode. */
export interface ListenersOfName {
  readonly buffers: ReadonlySet<Listener>;
  readonly strings: ReadonlySet<Listener>;
}

/** The decoder of node-redis: `write` reads a chunk, and calls back with each frame. */
export interface ClientDecoder {
  write(chunk: Buffer): void;
  /** Forgets a frame that has begun, and expects the beginning of one. */
  reset(): void;
  onReply: (reply: unknown) => void;
  onErrorReply: (error: unknown) => void;
  onPush: (push: unknown) => void;
  /** Returns the types for the frame that begins now. */
  getTypeMapping: () => object;
}

/** The queue of node-redis: it owns the decoder, and acts on the frames. */
export interface ClientQueue {
  readonly decoder: ClientDecoder;
  getPubSubListeners(type: RegistryType): ReadonlyMap<string, ListenersOfName>;
  /** Resets the decoder and its callbacks. */
  resetDecoder(): void;
}

const CALLBACKS = ['onReply', 'onErrorReply', 'onPush', 'getTypeMapping'];

/**
 * The members of a queue in node-redis 5.12. They are compared as a whole, so that a release that has changed the queue is
 * not taken for one that the specs have seen.
 */
const OF_5_12 = [
  'constructor',
  'setMaintenanceCommandTimeout',
  'isPubSubActive',
  'pendingCount',
  'addPushHandler',
  'waitForInflightCommandsToComplete',
  'addCommand',
  'subscribe',
  'unsubscribe',
  'removeAllPubSubListeners',
  'removeShardedPubSubListenersForSlots',
  'resubscribe',
  'extendPubSubChannelListeners',
  'extendPubSubListeners',
  'getPubSubListeners',
  'monitor',
  'resetDecoder',
  'reset',
  'isWaitingToWrite',
  'commandsToWrite',
  'flushWaitingForReply',
  'flushAll',
  'isEmpty',
  'extractCommandsForSlots',
  'extractAllCommands',
  'prependCommandsToWrite',
];
const OF_6_3 = [...OF_5_12, 'chainInExecution', 'rejectCommands'];

/** Returns the queue of a client of a single server; undefined if it has not the shape that this package knows. */
export function queueOf(client: object): ClientQueue | undefined {
  const { _getQueue } = client as { readonly _getQueue?: unknown };
  if (typeof _getQueue !== 'function') return undefined;
  const queue = (_getQueue as () => unknown).call(client);
  return isKnown(queue) ? queue : undefined;
}

/** Returns whether nobody has changed the decoder since the client has made it. */
export function isUntouched(decoder: ClientDecoder): boolean {
  return isSame(Object.keys(decoder), CALLBACKS);
}

function isKnown(queue: unknown): queue is ClientQueue {
  if (typeof queue !== 'object' || queue === null) return false;
  const members = membersOf(queue);
  if (!isSame(members, OF_5_12) && !isSame(members, OF_6_3)) return false;
  const { decoder } = queue as { readonly decoder: unknown };
  if (typeof decoder !== 'object' || decoder === null) return false;
  return isSame(membersOf(decoder), ['constructor', 'reset', 'write']);
}

function membersOf(object: object): readonly string[] {
  return Object.getOwnPropertyNames(Object.getPrototypeOf(object) ?? {});
}

function isSame(names: readonly string[], others: readonly string[]): boolean {
  return names.length === others.length && names.every((name) => others.includes(name));
}
