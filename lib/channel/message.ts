import type { Channel } from './channel.js';

/** How Redis subscribes it: SUBSCRIBE, PSUBSCRIBE or SSUBSCRIBE. */
export type ChannelKind = 'channel' | 'pattern' | 'shard';

/** One message, as one Channel heard it. What two Channels hear comes twice, each time with its own `source`. */
export interface Message<T = string> {
  /** The Channel through which it came. */
  readonly source: Channel<T>;
  /** The channel to which it was published. */
  readonly channel: string;
  /** The bytes of that name, where the codec is binary: what is no UTF-8 cannot be told apart in a string. */
  readonly rawChannel?: Buffer;
  /** The glob, if it came through a pattern. */
  readonly pattern?: string;
  /** The payload, decoded by the Channel's codec. */
  readonly data: T;
}
