import type { BufferOptions } from './queue/buffer-options.js';
import type { PubSubClient } from './hub/client.js';
import type { Codec } from './codec/codec.js';
import { optionNames } from './errors/known-options.js';
import type { RecoverOptions } from './recovery/recover-options.js';
import type { TopicDeclarations } from './topics/topic-types.js';
import type { Topics } from './topics/topics.js';

/** The options of a Receiver: how it queues and decodes messages, and when it ends. */
export interface ReceiverOptions<T> extends BufferOptions {
  /**
   * The codec of all Channels that have no codec of their own.
   * @default text
   */
  readonly codec?: Codec<T> | undefined;
  /**
   * True if a connected Receiver stops when its last Channel is closed, so that its consumer completes. A Receiver of which
   * only single Channels are observed never stops by itself.
   * @default true
   */
  readonly autoStop?: boolean | undefined;
  /**
   * The announcement of a gap: `'event'` emits it on `events` alone; `'error'` also puts a `GapError` into the stream
   * where messages may be missing.
   * @default 'event'
   */
  readonly onGap?: 'event' | 'error' | undefined;
  /**
   * Milliseconds between two comparisons of the wanted subscriptions with those that Redis has (CLIENT INFO, one small
   * command a connection): a difference is repaired, and announced as a gap. On a cluster or Sentinel set the servers are
   * asked, too, because the client does not report a node that has stopped answering, a failover, or a slot that has moved:
   * such a change is found within two heartbeats (CLUSTER SLOTS at up to three nodes). Receivers on one client share the
   * shortest heartbeat. 0 disables it. A half-open connection to a single server is found by its client's `pingInterval` and
   * `socket.socketTimeout`.
   * @default 5000
   */
  readonly heartbeat?: number | undefined;
  /**
   * The reader of messages: `'fast'` takes them from the bytes of the socket in front of node-redis's decoder, which takes
   * more than half of the time of a message; `'client'` leaves all bytes to that decoder. What is received is the same. The
   * fast reader works on the releases of node-redis that it knows, 5.12 and 6.3; on others the option has no effect. Receivers
   * on one client share its connections: if one of them asks for `'client'`, all have it. Channels on a client of their own
   * are not affected.
   * @default `'fast'` on connections of this package's own: those of `Receiver.open`, and all to the nodes of a cluster or
   * Sentinel set; `'client'` on a client of a single server that you pass
   */
  readonly reader?: 'fast' | 'client' | undefined;
  /** A signal that stops the Receiver when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** The option that gives a Receiver its topics. */
export interface TopicsOption<D extends TopicDeclarations> {
  /**
   * The topics of the Receiver, which registers them all: a topic with parameters as a pattern, any other as a channel or a
   * shard. A topic of shards with parameters has to be requested by `topic()`. The messages of the Receiver are then a union,
   * which `message.topic` tells apart.
   */
  readonly topics: Topics<D>;
}

/** Options whose codec may be left out only where it would be `text`. */
export type CodecRequired<Options, T> = Options & { readonly codec: Codec<T>; readonly topics?: undefined };

/** The options of a Receiver that determine the type of its messages, by a codec or by topics. */
export type TypedOptions<T, D> =
  | CodecRequired<ReceiverOptions<T>, T>
  | (ReceiverOptions<string> & TopicsOption<Extract<D, TopicDeclarations>>);

/** The options behind the first argument of a Receiver whose payloads are of type `T`. */
export type OptionsFor<Options, T> = string extends T
  ? [options?: Options & { readonly topics?: undefined }]
  : [options: CodecRequired<Options, T>];

/** A failed attempt to connect; another attempt follows. */
export interface ConnectionRetry {
  /** The error of the attempt. */
  readonly error: Error;
  /** The number of attempts that have failed since the opening of the Receiver began, or since the connection was lost. */
  readonly attempt: number;
}

/** The options of `Receiver.open`: those of a Receiver, and the reports about its own connection. */
export interface OpenReceiverOptions<T> extends ReceiverOptions<T> {
  /**
   * Called after each failed attempt to connect, while the Receiver is opened and when it has lost its connection. On a
   * cluster or Sentinel set, an attempt is one round of the root nodes or Sentinels, or one of the nodes that they have
   * named.
   * @default one process warning per outage, of type `RedisConnectionWarning`
   */
  readonly onRetry?: ((retry: ConnectionRetry) => void) | undefined;
}

/** The settings in which a Channel differs from its Receiver. */
export interface ChannelOptions<U> {
  /**
   * The codec of the Channel's payloads.
   * @default the Receiver's codec
   */
  readonly codec?: Codec<U> | undefined;
  /**
   * Another client to subscribe on; the Channel's messages still come through this Receiver.
   * @default the Receiver's client
   */
  readonly client?: PubSubClient | undefined;
  /**
   * True if the Channel stays registered when its last observer has left while the Receiver is not connected: the next
   * `connect()` subscribes it. By default such a Channel is forgotten, and its next observer registers it again.
   * @default false
   */
  readonly keep?: boolean | undefined;
  /**
   * Makes the Channel recoverable, if its messages are published by {@link recoverable}: messages that it misses, in an
   * outage or otherwise, are read from the log in their place. Only what the log does not have any more is a gap, of the
   * cause `'log'`. Not for patterns.
   * @default the Channel tells what it misses, by a gap
   */
  readonly recover?: RecoverOptions | undefined;
}

/** The options of a Channel with a codec of its own, which determines the type of its payloads. */
export type WithCodec<U> = ChannelOptions<U> & { readonly codec: Codec<U> };

/** The names of the options of a Receiver. */
export const RECEIVER_OPTIONS = optionNames<ReceiverOptions<unknown> & Partial<TopicsOption<never>>>({
  topics: true,
  capacity: true,
  maxBytes: true,
  overflow: true,
  codec: true,
  autoStop: true,
  onGap: true,
  heartbeat: true,
  reader: true,
  signal: true,
});

/** The names of the options of `Receiver.open`. */
export const OPEN_OPTIONS: readonly string[] = [...RECEIVER_OPTIONS, 'onRetry'];

/** The names of the options of a Channel. */
export const CHANNEL_OPTIONS = optionNames<ChannelOptions<unknown>>({
  codec: true,
  client: true,
  keep: true,
  recover: true,
});

/** The names of the options of a topic's Channel. */
export const TOPIC_OPTIONS: readonly string[] = CHANNEL_OPTIONS.filter((name) => name !== 'codec');
