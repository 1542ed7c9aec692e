export { MemoryPubSub, type MemoryMessage } from './memory-pub-sub.js';
export type { MemoryPubSubOptions } from './memory-pub-sub-options.js';
