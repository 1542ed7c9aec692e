/** The kind of a subscription of Redis: a channel, a pattern or a sharded channel. */
export type SubscriptionKind = 'channel' | 'pattern' | 'shard';

/** The kind of a Channel: a subscription of Redis, or a stream, which is read. */
export type ChannelKind = SubscriptionKind | 'stream';
