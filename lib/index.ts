// Receiver
export { Receiver } from './receiver/receiver.js';
export { Channel } from './channel/channel.js';
export type {
  ChannelOptions,
  ConnectionRetry,
  OpenReceiverOptions,
  ReceiverOptions,
} from './receiver/receiver-options.js';
export type { BufferOptions, OverflowPolicy } from './queue/buffer-options.js';
export type { ChannelKind, Message } from './channel/message.js';
export type { Gap, ReceiverEvent } from './channel/events.js';
export type { ReceiverStats } from './receiver/stats.js';

// Clients
export type { PubSubClient, Publisher } from './hub/client.js';
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
  DecodeError,
  GapError,
  ReceiverBusyError,
  SubscribeError,
  ValidationError,
} from './errors/errors.js';
export { PublishError } from './operators/publish-to.js';
