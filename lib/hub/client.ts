import { adviceFor } from '../errors/client-advice.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import type { SubscriptionKind } from '../channel-kind.js';

/** The function that node-redis calls with each message: strings, or Buffers if it was subscribed in buffer mode. */
export type ClientListener = (message: string | Buffer, channel: string | Buffer) => void;

/**
 * The parts of a Redis client that this package needs: the smallest type that `createClient`, `createCluster` and
 * `createSentinel` of node-redis 5 and 6 all satisfy.
 */
export interface PubSubClient {
  /** True from `connect()` until the client is closed or gives up, also while it reconnects. */
  readonly isOpen: boolean;
  /** True while the client can send commands at once. */
  readonly isReady?: boolean;

  /** Adds a listener to an event, such as `'error'` or `'reconnecting'`. */
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  /** Removes a listener from an event. */
  off(event: string, listener: (...args: unknown[]) => void): unknown;

  /** Subscribes to channels (SUBSCRIBE), and resolves when Redis has acknowledged; `bufferMode` asks for Buffers. */
  subscribe(channels: string | string[], listener: ClientListener, bufferMode?: boolean): Promise<unknown>;
  /** Removes a listener from channels (UNSUBSCRIBE). */
  unsubscribe(channels: string | string[], listener: ClientListener, bufferMode?: boolean): Promise<unknown>;
  /** Subscribes to patterns (PSUBSCRIBE), as `subscribe` does to channels. */
  pSubscribe(patterns: string | string[], listener: ClientListener, bufferMode?: boolean): Promise<unknown>;
  /** Removes a listener from patterns (PUNSUBSCRIBE). */
  pUnsubscribe(patterns: string | string[], listener: ClientListener, bufferMode?: boolean): Promise<unknown>;
  /** Subscribes to sharded channels (SSUBSCRIBE), as `subscribe` does to channels. */
  sSubscribe(channels: string | string[], listener: ClientListener, bufferMode?: boolean): Promise<unknown>;
  /** Removes a listener from sharded channels (SUNSUBSCRIBE). */
  sUnsubscribe(channels: string | string[], listener: ClientListener, bufferMode?: boolean): Promise<unknown>;

  /** Returns the live registry of listeners. Only a single-server client has one. */
  getPubSubListeners?(type: RegistryType): ClientRegistry;
}

/** The client of a single server, with the methods that this package uses if they are there. */
export interface ServerClient extends PubSubClient {
  sendCommand?(args: string[]): Promise<unknown>;
  /** Registers listeners at once, and subscribes the names that were not in the registry. */
  extendPubSubListeners?(type: RegistryType, listeners: Map<string, never>): Promise<unknown>;
}

export type RegistryType = 'CHANNELS' | 'PATTERNS' | 'SHARDED';

/** A Map by name. Only the methods in use are declared, because node-redis's own types of the listeners differ by mode. */
export interface ClientRegistry {
  readonly size: number;
  get(name: string): NameListeners | undefined;
  set?(name: string, listeners: NameListeners): unknown;
  delete(name: string): boolean;
}

/** The listeners of one name, by mode. */
export interface NameListeners {
  /** Set once an UNSUBSCRIBE has been sent. */
  unsubscribing?: boolean;
  buffers: ListenerSet;
  strings: ListenerSet;
}

/** A Set of listeners. */
interface ListenerSet extends Iterable<unknown> {
  readonly size: number;
  has(listener: ClientListener): boolean;
  add(listener: ClientListener): unknown;
  delete(listener: ClientListener): boolean;
}

interface Commands {
  readonly subscribe: 'subscribe' | 'pSubscribe' | 'sSubscribe';
  readonly unsubscribe: 'unsubscribe' | 'pUnsubscribe' | 'sUnsubscribe';
  readonly type: RegistryType;
}

/** The names of the methods and of the registry, by kind: the three kinds differ in nothing else. */
export const COMMANDS: Readonly<Record<SubscriptionKind, Commands>> = {
  channel: { subscribe: 'subscribe', unsubscribe: 'unsubscribe', type: 'CHANNELS' },
  pattern: { subscribe: 'pSubscribe', unsubscribe: 'pUnsubscribe', type: 'PATTERNS' },
  shard: { subscribe: 'sSubscribe', unsubscribe: 'sUnsubscribe', type: 'SHARDED' },
};

const METHODS = [
  'on',
  'off',
  ...Object.values(COMMANDS).flatMap((names) => [names.subscribe, names.unsubscribe]),
];

export function assertPubSubClient(client: unknown): asserts client is PubSubClient {
  const candidate = client as Record<string, unknown> | null | undefined;
  const missing = METHODS.filter((method) => typeof candidate?.[method] !== 'function');
  if (typeof candidate !== 'object' || candidate === null || missing.length > 0) {
    const lack =
      typeof candidate === 'object' && candidate !== null ? ` It lacks ${missing.join(', ')}.` : '';
    throw invalidArgument(
      'the client',
      'a Redis client of node-redis 5 or 6',
      client,
      adviceFor(client) + lack,
    );
  }
}
