/** The kind of a subscription: SUBSCRIBE, PSUBSCRIBE or SSUBSCRIBE. */
export type ChannelKind = 'channel' | 'pattern' | 'shard';
