import type { BufferOptions } from '../../../lib/queue/buffer-options.js';
import { bytes, text, type Codec } from '../../../lib/codec/codec.js';

export type Payload = string | Buffer;

export type CodecName = 'text' | 'bytes' | 'failing text' | 'failing bytes';

export const BOUNDS = {
  'default bounds': {},
  'tight, error': { capacity: 2, overflow: 'error' },
  'tight, drop-oldest': { capacity: 2, overflow: 'drop-oldest' },
  'tight, drop-incoming': { capacity: 2, overflow: 'drop-incoming' },
} satisfies Record<string, BufferOptions>;

export const CODEC_NAMES: readonly CodecName[] = ['text', 'bytes', 'failing text', 'failing bytes'];

/** Returns the codecs of one ModelReceiver; the failing ones call `onDecode` before they decode. */
export function codecsOf(onDecode: () => void): Readonly<Record<CodecName, Codec<Payload>>> {
  return {
    text,
    bytes,
    'failing text': failing(text, onDecode),
    'failing bytes': failing(bytes, onDecode),
  };
}

/** Returns whether a codec fails on this message: the failing codecs cannot decode every fifth one. */
export function isUndecodable(number: number, codec: CodecName): boolean {
  return codec.startsWith('failing') && number % 5 === 0;
}

function failing(codec: Codec<Payload>, onDecode: () => void): Codec<Payload> {
  return {
    ...codec,
    decode(data, channel) {
      onDecode();
      if (isUndecodable(Number(data), 'failing text')) throw new Error('one in five');
      return codec.decode(data, channel);
    },
  };
}
