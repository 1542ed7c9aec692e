// A Redis in memory
export { MemoryPubSub, type MemoryMessage } from './memory-pub-sub.js';
export type { MemoryPubSubOptions } from './memory-pub-sub-options.js';

// Marble tests
export { marbles, type Marbles, type MarblesOptions } from './marbles.js';
