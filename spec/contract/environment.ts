import type { SubscriptionKind } from '../../lib/channel-kind.js';
import type { ClientListener, RegistryType } from '../../lib/hub/client.js';
import type { PubSubClient, ScriptClient } from '../../lib/index.js';
import type { LogTestClient } from '../support/log-test-client.js';

/** The listeners of one name, as node-redis registers them. */
export interface EnvironmentListeners {
  unsubscribing: boolean;
  buffers: Set<ClientListener>;
  strings: Set<ClientListener>;
}

/** A client of a {@link RedisEnvironment}, with the methods that only the tests need. */
export interface EnvironmentClient extends PubSubClient {
  unsubscribe(
    channels?: string | string[],
    listener?: ClientListener,
    bufferMode?: boolean,
  ): Promise<unknown>;
  pUnsubscribe(
    patterns?: string | string[],
    listener?: ClientListener,
    bufferMode?: boolean,
  ): Promise<unknown>;
  sUnsubscribe(
    channels?: string | string[],
    listener?: ClientListener,
    bufferMode?: boolean,
  ): Promise<unknown>;
  /** Undefined where the client has no registry. */
  extendPubSubListeners?(type: RegistryType, listeners: Map<string, EnvironmentListeners>): Promise<unknown>;
  /** Returns a client that may have to be opened. */
  duplicate(): LogTestClient;
  connect(): Promise<unknown>;
  close(): unknown;
  destroy(): unknown;
  eventNames(): (string | symbol)[];
  listenerCount(event: string | symbol): number;
}

/** A client that runs scripts, and adds to streams. */
export type Outsider = ScriptClient & Pick<LogTestClient, 'xAdd'>;

/** The abilities of an environment. A test that needs a missing ability is left out. */
export interface Abilities {
  /**
   * Set for single-server clients, which have a registry of listeners, and report their state by events and `isReady`.
   */
  readonly registry: boolean;
  readonly refuse: boolean;
  readonly withhold: boolean;
  readonly break: boolean;
  readonly giveUp: boolean;
  /** Set where PUBLISH counts the subscribers of all nodes. */
  readonly count: boolean;
  /** Set for the clients of node-redis, with their errors and their treatment of overlapping operations. */
  readonly nodeRedis: boolean;
  /** Set where the messages of all channels, patterns and sharded channels of a client arrive in one order. */
  readonly oneOrder: boolean;
}

/** A Redis of any kind, and clients of it, on which the contract is tested. */
export interface RedisEnvironment {
  /** Returns a connected client with an `error` listener. The environment closes the client at the end of the test. */
  client(): Promise<EnvironmentClient>;
  /** Publishes a message, in order with other calls; resolves to the number of receivers that Redis counts. */
  publish(channel: string, data: string | Buffer): Promise<number>;
  sPublish(channel: string, data: string | Buffer): Promise<number>;
  /**
   * Returns the number of subscribers of a name, over all clients; for a pattern, Redis counts the patterns of all
   * names.
   */
  subscribers(kind: SubscriptionKind, name: string): Promise<number>;
  /** Resolves when every published message has reached the client. */
  fence(client: EnvironmentClient): Promise<unknown>;
  /** Makes Redis refuse the first names, and permit the second ones, from now on. */
  refuse(refused: readonly string[], permitted: readonly string[]): Promise<void>;
  /** Makes Redis refuse the first keys, and permit the second ones, from now on. */
  refuseKeys(refused: readonly string[], permitted: readonly string[]): Promise<void>;
  /** Holds back the commands of the clients until `acknowledge`; messages still arrive. */
  withhold(): void;
  acknowledge(): void;
  /** Returns a client that an outage does not concern, on the server of this key. */
  outsider(key: string): Outsider;
  /**
   * Breaks the connections of all clients, with the commands that were held back; resolves when the clients have
   * noticed.
   */
  break(): Promise<void>;
  /** Lets the clients reconnect; resolves when they are connected. */
  heal(): Promise<void>;
  /** Breaks the connection of a client, which then gives up. */
  giveUp(client: EnvironmentClient): Promise<void>;
  /** Closes the clients, ends the outage, and permits all names. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** A factory of an environment, with its name in the titles of the tests. */
export interface EnvironmentKind {
  readonly name: string;
  readonly abilities: Abilities;
  start(): Promise<RedisEnvironment>;
}

export const ALL_ABILITIES: Abilities = {
  registry: true,
  refuse: true,
  withhold: true,
  break: true,
  giveUp: true,
  count: true,
  nodeRedis: true,
  oneOrder: true,
};
