import { invalidArgument } from '../errors/invalid-argument.js';
import type { ChannelKind } from '../channel-kind.js';

/** What node-redis calls with each message: strings, or Buffers where it was subscribed in buffer mode. */
export type ClientListener = (message: string | Buffer, channel: string | Buffer) => void;

/**
 * What this package needs of a Redis client: the smallest type that `createClient`, `createCluster` and
 * `createSentinel` of node-redis 5 and 6 all satisfy.
 */
export interface PubSubClient {
  readonly isOpen: boolean;
  readonly isReady?: boolean;

  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;

  subscribe(channels: string | string[], listener: ClientListener, bufferMode?: boolean): Promise<unknown>;
  unsubscribe(channels: string | string[], listener: ClientListener, bufferMode?: boolean): Promise<unknown>;
  pSubscribe(patterns: string | string[], listener: ClientListener, bufferMode?: boolean): Promise<unknown>;
  pUnsubscribe(patterns: string | string[], listener: ClientListener, bufferMode?: boolean): Promise<unknown>;
  sSubscribe(channels: string | string[], listener: ClientListener, bufferMode?: boolean): Promise<unknown>;
  sUnsubscribe(channels: string | string[], listener: ClientListener, bufferMode?: boolean): Promise<unknown>;

  /** The live registry of listeners, where the client has one: a single-server client does. */
  getPubSubListeners?(type: RegistryType): ClientRegistry;
}

/** The client of a single server, as far as this package uses more of it where it is there. */
export interface ServerClient extends PubSubClient {
  sendCommand?(args: string[]): Promise<unknown>;
  /** Registers listeners at once, and subscribes the names that the registry did not have. */
  extendPubSubListeners?(type: RegistryType, listeners: Map<string, never>): Promise<unknown>;
}

/** What {@link publishTo} needs of a Redis client. */
export interface Publisher {
  publish(channel: string, message: string | Buffer): Promise<number> | number;
  sPublish?(channel: string, message: string | Buffer): Promise<number> | number;
}

export type RegistryType = 'CHANNELS' | 'PATTERNS' | 'SHARDED';

/** A Map, by name; only what is used of it, because node-redis's own types of the listeners differ by mode. */
export interface ClientRegistry {
  readonly size: number;
  get(name: string): NameListeners | undefined;
  set?(name: string, listeners: NameListeners): unknown;
  delete(name: string): boolean;
}

/** The listeners of one name, by mode. */
export interface NameListeners {
  /** Set once an UNSUBSCRIBE was sent. */
  unsubscribing?: boolean;
  buffers: ListenerSet;
  strings: ListenerSet;
}

/** A Set. */
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

/** The three kinds differ only in names. */
export const COMMANDS: Readonly<Record<ChannelKind, Commands>> = {
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
      `Give what createClient, createCluster or createSentinel returns.${lack}`,
    );
  }
}
