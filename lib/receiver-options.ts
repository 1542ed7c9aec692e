import type { BufferOptions } from './queue/buffer-options.js';
import type { PubSubClient } from './hub/client.js';
import type { Codec } from './codec/codec.js';
import { optionNames } from './errors/known-options.js';

/** How a Receiver queues, decodes and ends. */
export interface ReceiverOptions<T> extends BufferOptions {
  /**
   * What decodes the payloads of all Channels that have no codec of their own.
   * @default text
   */
  readonly codec?: Codec<T> | undefined;
  /**
   * Whether a Receiver that is connected stops when its last Channel is closed, so that its consumer comes to an end. A
   * Receiver of which only single Channels are observed never stops by itself.
   * @default true
   */
  readonly autoStop?: boolean | undefined;
  /**
   * `'event'` announces a gap on `events` alone; `'error'` also puts a {@link GapError} into the stream where messages
   * may be missing.
   * @default 'event'
   */
  readonly onGap?: 'event' | 'error' | undefined;
  /**
   * Milliseconds between two comparisons of what is wanted with what Redis has (CLIENT INFO, one small command a
   * connection): a difference is mended, and told as a gap. On a cluster or a Sentinel set the servers are asked, too,
   * because the client says nothing of a node that has stopped answering, of a fail-over or of a slot that has moved: such a
   * thing is found within two of them (CLUSTER SLOTS at up to three nodes). Receivers on one client share the shortest. 0:
   * none. A half-open connection of a single server is found by its client's `pingInterval` and `socket.socketTimeout`.
   * @default 5000
   */
  readonly heartbeat?: number | undefined;
  /** Stops the Receiver when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** A try to connect that failed; another one follows. */
export interface ConnectionRetry {
  readonly error: Error;
  /** Number of tries that have failed since the Receiver was to be opened, or since the connection was lost. */
  readonly attempt: number;
}

/** The options of `Receiver.open`: those of a Receiver, and how it tells of its own connection. */
export interface OpenReceiverOptions<T> extends ReceiverOptions<T> {
  /**
   * Called at each try to connect that failed, while the Receiver is opened and when it has lost its connection. A try on a
   * cluster or a Sentinel set is one round of the servers that are to tell of the others, or one node that they told of.
   * @default one process warning at the first one, of type `RedisConnectionWarning`
   */
  readonly onRetry?: ((retry: ConnectionRetry) => void) | undefined;
}

/** What one Channel has otherwise than its Receiver. */
export interface ChannelOptions<U> {
  /**
   * What decodes its payloads.
   * @default the Receiver's codec
   */
  readonly codec?: Codec<U> | undefined;
  /**
   * Another client to subscribe on; its messages come through this Receiver all the same.
   * @default the Receiver's client
   */
  readonly client?: PubSubClient | undefined;
  /**
   * Whether the Channel stays registered when its last observer has left while the Receiver is not connected: the next
   * `connect()` subscribes it. By default such a Channel is forgotten, and registered again by its next observer.
   * @default false
   */
  readonly keep?: boolean | undefined;
}

/** The names of the options of a Receiver. */
export const RECEIVER_OPTIONS = optionNames<ReceiverOptions<unknown>>({
  capacity: true,
  maxBytes: true,
  overflow: true,
  codec: true,
  autoStop: true,
  onGap: true,
  heartbeat: true,
  signal: true,
});

/** The names of the options of `Receiver.open`. */
export const OPEN_OPTIONS: readonly string[] = [...RECEIVER_OPTIONS, 'onRetry'];

/** The names of the options of a Channel. */
export const CHANNEL_OPTIONS = optionNames<ChannelOptions<unknown> & { keep: unknown }>({
  codec: true,
  client: true,
  keep: true,
});
