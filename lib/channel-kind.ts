/** How Redis subscribes a name: SUBSCRIBE, PSUBSCRIBE or SSUBSCRIBE. */
export type ChannelKind = 'channel' | 'pattern' | 'shard';
