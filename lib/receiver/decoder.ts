import type { Channel, Message } from '../channel.js';
import { coreOf } from '../channel/core-of.js';
import { decodeMessage } from '../channel/decode-message.js';
import type { RawMessage } from '../channel/raw-message.js';
import type { Codec } from '../codec/codec.js';

/** Returns a function that decodes messages with this codec; without a codec, with the codec of each message's Channel. */
export function decoderOf<T>(codec: Codec<T> | undefined): (raw: RawMessage) => Message<T> {
  return codec ? (raw) => decodeMessage(raw, codec) : (decodeByChannel as (raw: RawMessage) => Message<T>);
}

export function decodeByChannel(raw: RawMessage): Message<unknown> {
  return decodeMessage(raw, coreOf(raw.source as Channel<unknown>).codec);
}
