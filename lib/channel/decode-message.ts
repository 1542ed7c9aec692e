import { bytes, decodeWith, text, type Codec } from '../codec/codec.js';
import { DecodeError, type Channel, type Message } from '../channel.js';
import { WHOLE_ENTRY } from './whole-entry.js';
import type { RawMessage } from './raw-message.js';

/** Decodes a raw message; an error of the codec becomes the cause of a DecodeError. */
export function decodeMessage<T>(
  raw: RawMessage,
  codec: Codec<T>,
  source: Channel<T> = raw.source as never,
): Message<T> {
  const { channel, rawChannel, pattern, data, topic } = raw;
  if (raw.lacks !== undefined)
    throw new DecodeError(raw, { cause: new Error(`the entry has no field ${JSON.stringify(raw.lacks)}`) });
  if ((codec as Codec<unknown>) === WHOLE_ENTRY) return raw as Message<unknown> as Message<T>;
  // These codecs leave the data as it is.
  if ((codec as Codec<unknown>) === text && typeof data === 'string')
    return raw as Message<unknown> as Message<T>;
  if ((codec as Codec<unknown>) === bytes && typeof data !== 'string')
    return raw as Message<unknown> as Message<T>;
  try {
    const decoded = decodeWith(codec, data, channel, { kind: source.kind, pattern });
    if (topic !== undefined || raw.id !== undefined) return { ...raw, source, data: decoded };
    const isPlain = rawChannel === undefined;
    if (pattern === undefined)
      return isPlain ? { source, channel, data: decoded } : { source, channel, rawChannel, data: decoded };
    return isPlain
      ? { source, channel, pattern, data: decoded }
      : { source, channel, rawChannel, pattern, data: decoded };
  } catch (cause) {
    throw new DecodeError(raw, { cause });
  }
}
