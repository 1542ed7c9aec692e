/**
 * Redis Pub/Sub as RxJS streams: a {@link Receiver} merges any number of channels, patterns and sharded channels into one
 * Observable, behind one bounded queue.
 *
 * @module rx-redis-receiver
 */

// Receiver
export { Receiver } from './receiver/receiver.js';
export type { MessageOf, ReceiverOf } from './receiver/receiver-of.js';
export { Channel } from './channel.js';
export type {
  ChannelOptions,
  ConnectionRetry,
  OpenReceiverOptions,
  ReceiverOptions,
  TopicsOption,
} from './receiver-options.js';
export type { WaitOptions } from './abort.js';
export type { BufferOptions, OverflowPolicy } from './queue/buffer-options.js';
export type { ChannelKind, SubscriptionKind } from './channel-kind.js';
export type { GroupMessage, Message } from './channel.js';
export type { StreamFields } from './stream-fields.js';
export type { StreamEntryOptions, StreamFieldOptions, StreamOptions } from './streams/stream-options.js';
export type { GroupEntryOptions, GroupFieldOptions, GroupOptions } from './groups/group-options.js';
export type { Gap, ReceiverEvent } from './channel.js';
export type { GroupEvent } from './group-event.js';
export type { DiagnosticsMessage } from './diagnostics.js';
export type { ReceiverStats } from './receiver/stats.js';

// Clients
export type { ClientListener, PubSubClient } from './hub/client.js';
export type { Publisher } from './publisher.js';
export type {
  OpenClusterOptions,
  OpenOptions,
  OpenSentinelOptions,
  OpenServerOptions,
} from './open/open-options.js';

// Codecs
export {
  bytes,
  json,
  text,
  type Codec,
  type DecodeContext,
  type JsonReplacer,
  type JsonReviver,
} from './codec/codec.js';
export type { Schema } from './codec/standard-schema.js';
export { validated } from './codec/validated.js';

// Topics
export { topics, type Topics, type TopicTarget } from './topics/topics.js';
export {
  describe,
  type AsyncApiChannel,
  type AsyncApiDocument,
  type AsyncApiInfo,
  type AsyncApiMessage,
  type DescribeOptions,
} from './topics/describe.js';
export { escapeGlob } from './topics/escape-glob.js';
export type { TopicChannelOptions } from './receiver/register-topics.js';
export type { TopicPublisher } from './topics/topic-publisher.js';
export type {
  TopicData,
  TopicDeclarations,
  TopicDefinition,
  TopicMessage,
  TopicName,
} from './topics/topic-types.js';

// Keyspace notifications
export { keyspace, type NotificationOf } from './keyspace/keyspace.js';
export type { KeyspaceOptions } from './keyspace/keyspace-options.js';
export type { KeyEvent, KnownKeyEvent } from './keyspace/key-event.js';
export type { KeyNotification, SubkeyNotification } from './keyspace/notification.js';

// Back-pressure and publishing
export { hydrate, type Hydrated } from './operators/hydrate.js';
export { iterate, type IterateOptions } from './operators/iterate.js';
export { mergeMapBounded, type MergeMapBoundedOptions } from './operators/merge-map-bounded.js';
export { recoverable, type RecoverableOptions, type RecoverablePublisher } from './recovery/recoverable.js';
export type { RecoverOptions } from './recovery/recover-options.js';
export type { Reply, ScriptClient, ScriptOptions } from './log/log-client.js';
export { publishTo, type PublishToOptions } from './operators/publish-to.js';
export { toEventStream } from './sse/to-event-stream.js';
export type { EventFormat, EventStreamOptions } from './sse/event-stream-options.js';
export type { EventStream } from './sse/event-stream.js';
export type { NodeResponse } from './sse/pipe-to.js';
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
export { RecoveryError } from './recovery/recovery-error.js';
export { KeyspaceConfigError } from './keyspace/config-error.js';
export { DecodeError } from './channel.js';
export { GapError } from './channel/gap-error.js';
export { PublishError } from './operators/publish-to.js';
