import type { Channel } from '../channel.js';
import type { ChannelKind } from '../channel-kind.js';
import { ChannelCore } from '../channel/channel-core.js';
import type { ChannelTopic } from '../channel/raw-message.js';
import { bytes } from '../codec/codec.js';
import type { ReceiverCore } from './receiver-core.js';

/**
 * The topic of Channels that the Receiver does not merge. Their keys in the registry differ from those of Channels that the
 * user has registered, which may have the same names and other codecs. No topic of a user has a lone surrogate.
 */
const SEPARATE: ChannelTopic = { topic: '\uD800', isSeparate: true, parse: () => ({}) };

/** Returns the Channel of this name whose messages go to its own observers alone, as bytes. */
export function separateChannel(core: ReceiverCore, kind: ChannelKind, name: string): Channel<Buffer> {
  const { registry, hub } = core;
  const known =
    registry.get(kind, name, SEPARATE.topic) ??
    registry.recall(kind, name, SEPARATE.topic) ??
    new ChannelCore<unknown>(core, { hub, kind, name, codec: bytes, topic: SEPARATE });
  if (!registry.has(known)) core.add(known);
  return known.channel as Channel<Buffer>;
}
