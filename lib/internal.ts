// The exports of the core that the adapters use, beyond the public API.

export { assertCodec, decodeWith } from './codec/codec.js';
export { OverflowEpisode } from './channel/overflow-episode.js';
export { invalidArgument } from './errors/invalid-argument.js';
export { assertKnownOptions, optionNames } from './errors/known-options.js';
export { toError } from './errors/to-error.js';
export type { OwnedClient } from './open/client-factory.js';
export { messageOf } from './open/message-of.js';
export { closeClient, openClient } from './open/open-client.js';
export { parseOpenOptions } from './open/open-options.js';
export { BoundedQueue } from './queue/bounded-queue.js';
export { refusesWithError, resolveBounds, type Bounds } from './queue/buffer-options.js';
export { Ring } from './queue/ring.js';
export { READER_DEFAULTS } from './reader/reader-mode.js';
export { isAway } from './receiver/is-away.js';
