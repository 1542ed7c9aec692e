import type { BufferOptions } from '../../../lib/queue/buffer-options.js';
import { bytes, text, type Codec } from '../../../lib/codec/codec.js';

export type Payload = string | Buffer;

export type CodecName = 'text' | 'bytes' | 'fussy text' | 'fussy bytes';

export const BOUNDS = {
  roomy: {},
  'tight, error': { capacity: 2, overflow: 'error' },
  'tight, drop-oldest': { capacity: 2, overflow: 'drop-oldest' },
  'tight, drop-incoming': { capacity: 2, overflow: 'drop-incoming' },
} satisfies Record<string, BufferOptions>;

export const CODEC_NAMES: readonly CodecName[] = ['text', 'bytes', 'fussy text', 'fussy bytes'];

/** Returns the codecs of one party; the fussy ones call `onDecode` before they decode. */
export function codecsOf(onDecode: () => void): Readonly<Record<CodecName, Codec<Payload>>> {
  return {
    text,
    bytes,
    'fussy text': fussy(text, onDecode),
    'fussy bytes': fussy(bytes, onDecode),
  };
}

/** The fussy ones decode no fifth message. */
export function isUndecodable(number: number, codec: CodecName): boolean {
  return codec.startsWith('fussy') && number % 5 === 0;
}

function fussy(codec: Codec<Payload>, onDecode: () => void): Codec<Payload> {
  return {
    ...codec,
    decode(data, channel) {
      onDecode();
      if (isUndecodable(Number(data), 'fussy text')) throw new Error('one in five');
      return codec.decode(data, channel);
    },
  };
}
