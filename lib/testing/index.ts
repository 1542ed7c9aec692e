/**
 * Tests without a server: a Redis in memory, and marble tests of a Receiver in virtual time, for every test runner.
 *
 * @module rx-redis-receiver/testing
 */

// A Redis in memory
export { MemoryPubSub } from './memory-pub-sub.js';
export type {
  MemoryCommands,
  MemoryEvalOptions,
  MemoryReadOptions,
  MemoryReadStream,
  MemoryStreamEntry,
  MemoryStreamInfo,
  MemoryStreamReply,
} from './memory-commands.js';
export type { MemoryGroupCommands } from './memory-group-commands.js';
export type {
  MemoryAutoClaimOptions,
  MemoryAutoClaimReply,
  MemoryClaimOptions,
  MemoryConsumerInfo,
  MemoryGroupInfo,
  MemoryGroupOptions,
  MemoryPendingConsumer,
  MemoryPendingEntry,
  MemoryPendingOptions,
  MemoryPendingSummary,
  MemoryReadGroupOptions,
} from './memory-group-types.js';
export type { MemoryTrim } from './memory-log-client.js';
export type { MemoryMessage, Publication, PublishReply } from './memory-message.js';
export type { MemoryPubSubOptions } from './memory-pub-sub-options.js';
export type { AcknowledgeMode } from './request-line.js';
export type { SubscriptionLog } from './subscription-logs.js';

// Marble tests
export { marbles, type Marbles, type MarblesOptions } from './marbles.js';
