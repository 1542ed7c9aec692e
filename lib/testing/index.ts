// A Redis in memory
export { MemoryPubSub, type MemoryMessage } from './memory-pub-sub.js';
export type { MemoryPubSubOptions } from './memory-pub-sub-options.js';
export type { Publication, PublishReply } from './memory-publisher.js';
export type { AcknowledgeMode } from './request-line.js';
export type { SubscriptionLog } from './subscription-logs.js';

// Marble tests
export { marbles, type Marbles, type MarblesOptions } from './marbles.js';
