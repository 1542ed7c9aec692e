import type { ChannelKind } from '../../lib/channel-kind.js';
import type { ClientListener, RegistryType } from '../../lib/hub/client.js';
import type { PubSubClient } from '../../lib/index.js';

/** The listeners of one name, as node-redis registers them. */
export interface EnvironmentListeners {
  unsubscribing: boolean;
  buffers: Set<ClientListener>;
  strings: Set<ClientListener>;
}

/** A client of a {@link RedisEnvironment}: what a test may do with it beyond what the package needs. */
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
  /** Missing where the client has no registry. */
  extendPubSubListeners?(type: RegistryType, listeners: Map<string, EnvironmentListeners>): Promise<unknown>;
  connect(): Promise<unknown>;
  close(): unknown;
  destroy(): unknown;
  eventNames(): (string | symbol)[];
  listenerCount(event: string | symbol): number;
}

/** What a world can do: tests of what it cannot are not among its tests. */
export interface Abilities {
  /** Clients keep a registry of their listeners, and tell their state by events and `isReady`: single-server clients. */
  readonly registry: boolean;
  readonly refuse: boolean;
  readonly withhold: boolean;
  readonly break: boolean;
  readonly giveUp: boolean;
  /** PUBLISH counts all clients, and not those of one node. */
  readonly count: boolean;
  /** All channels, patterns and sharded channels of a client come in one order. */
  readonly oneOrder: boolean;
}

/** Where the contract plays: a Redis, of whatever sort, and clients of it. */
export interface RedisEnvironment {
  /** Connected, with an `error` listener, and closed at the end of the test. */
  client(): Promise<EnvironmentClient>;
  /** Resolves with the receivers, as Redis counts them, in order with other calls. */
  publish(channel: string, data: string | Buffer): Promise<number>;
  sPublish(channel: string, data: string | Buffer): Promise<number>;
  /** Who is subscribed to this name, over all clients. Of patterns, Redis counts those of all names together. */
  subscribers(kind: ChannelKind, name: string): Promise<number>;
  /** Resolves when all that was published has come to the client. */
  fence(client: EnvironmentClient): Promise<unknown>;
  /** Redis refuses to subscribe the ones and permits the others, from now on. */
  refuse(refused: readonly string[], permitted: readonly string[]): Promise<void>;
  /** What clients ask does not reach Redis until `acknowledge`; messages still come to them. */
  withhold(): void;
  acknowledge(): void;
  /** The connections of all clients die, with what was withheld, and stay dead; the clients have noticed. */
  break(): Promise<void>;
  /** The clients are connected again. */
  heal(): Promise<void>;
  /** This client finds that its connection is dead, and does not try again. */
  giveUp(client: EnvironmentClient): Promise<void>;
  /** Closes the clients, heals what was broken, and refuses nothing more. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** How to make a world, and what it is called in the names of tests. */
export interface EnvironmentKind {
  readonly name: string;
  readonly abilities: Abilities;
  start(): Promise<RedisEnvironment>;
}

export const EVERYTHING: Abilities = {
  registry: true,
  refuse: true,
  withhold: true,
  break: true,
  giveUp: true,
  count: true,
  oneOrder: true,
};
