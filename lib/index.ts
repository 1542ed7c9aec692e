/**
 * Redis Pub/Sub as RxJS streams: a {@link Receiver} merges any number of channels, patterns and sharded channels into one
 * Observable, behind one bounded queue.
 *
 * @module rx-redis-receiver
 */

// Receiver
export { Receiver } from './receiver/receiver.js';
export { Channel } from './channel.js';
export type {
  ChannelOptions,
  ConnectionRetry,
  OpenReceiverOptions,
  ReceiverOptions,
} from './receiver-options.js';
export type { BufferOptions, OverflowPolicy } from './queue/buffer-options.js';
export type { ChannelKind } from './channel-kind.js';
export type { Message } from './channel.js';
export type { Gap, ReceiverEvent } from './channel.js';
export type { ReceiverStats } from './receiver/stats.js';

// Clients
export type { ClientListener, PubSubClient, Publisher } from './hub/client.js';
export type {
  OpenClusterOptions,
  OpenOptions,
  OpenSentinelOptions,
  OpenServerOptions,
} from './open/open-options.js';

// Codecs
export { bytes, json, text, type Codec } from './codec/codec.js';
export { validated } from './codec/validated.js';

// Back-pressure and publishing
export { hydrate, type Hydrated } from './operators/hydrate.js';
export { iterate, type IterateOptions } from './operators/iterate.js';
export { mergeMapBounded, type MergeMapBoundedOptions } from './operators/merge-map-bounded.js';
export { publishTo, type PublishToOptions } from './operators/publish-to.js';
export { retryRecoverable, type RetryRecoverableOptions } from './operators/retry-recoverable.js';

// Errors
export {
  BufferOverflowError,
  ChannelClosedError,
  ConnectionLostError,
  ReceiverBusyError,
  SubscribeError,
  ValidationError,
} from './errors/errors.js';
export { DecodeError, GapError } from './channel.js';
export { PublishError } from './operators/publish-to.js';
