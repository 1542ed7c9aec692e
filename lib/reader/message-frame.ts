import type { RegistryType } from './seam.js';

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const ZERO = 48;
const NINE = 57;
export const PUSH = 62;
export const ARRAY = 42;
const [LETTER_A, LETTER_E, LETTER_G, LETTER_M, LETTER_P, LETTER_S] = [97, 101, 103, 109, 112, 115];

/** The length of the shortest message frame: one with an empty name and an empty payload. */
const SHORTEST = '>3\r\n$7\r\nmessage\r\n$0\r\n\r\n$0\r\n\r\n'.length;
/** The longest length that is read; a chunk is always shorter. */
const MOST_DIGITS = 9;

/** A message of Pub/Sub in a chunk of bytes: the places of its name, channel and payload. One object serves all messages. */
export class MessageFrame {
  /** True if the frame is an array, as in RESP2, and not a push. */
  isArray = false;
  registry: RegistryType = 'CHANNELS';
  /** The place of the subscribed name: a channel, a pattern, or a sharded channel. */
  nameStart = 0;
  nameEnd = 0;
  /** The place of the channel to which the message was published: for a channel, that of its name. */
  channelStart = 0;
  channelEnd = 0;
  dataStart = 0;
  dataEnd = 0;
  /** The index behind the frame. */
  end = 0;
  /** The place of the string that was read last. */
  #start = 0;
  #end = 0;

  /**
   * Reads the frame at `start`; returns false if it is no message, if Redis would write the message in another way, or if not
   * all of it is in the chunk.
   */
  read(chunk: Buffer, start: number): boolean {
    if (start + SHORTEST > chunk.length) return false;
    let at = this.#readHead(chunk, start);
    if (at === -1) return false;
    at = this.#readString(chunk, at);
    if (at === -1) return false;
    this.nameStart = this.channelStart = this.#start;
    this.nameEnd = this.channelEnd = this.#end;
    if (this.registry === 'PATTERNS') {
      at = this.#readString(chunk, at);
      if (at === -1) return false;
      this.channelStart = this.#start;
      this.channelEnd = this.#end;
    }
    at = this.#readString(chunk, at);
    if (at === -1) return false;
    this.dataStart = this.#start;
    this.dataEnd = this.#end;
    this.end = at;
    return true;
  }

  /** Reads the head of a frame, as in `>3\r\n$7\r\nmessage\r\n`; returns the index behind it, or -1 for any other head. */
  #readHead(chunk: Buffer, start: number): number {
    const type = chunk[start];
    if (type !== PUSH && type !== ARRAY) return -1;
    this.isArray = type === ARRAY;
    const items = (chunk[start + 1] as number) - ZERO;
    const length = (chunk[start + 5] as number) - ZERO;
    if (!isLineEnd(chunk, start + 2) || chunk[start + 4] !== DOLLAR || !isLineEnd(chunk, start + 6))
      return -1;
    const initial = chunk[start + 8];
    if (length === 7 && items === 3) this.registry = 'CHANNELS';
    else if (length === 8 && items === 4 && initial === LETTER_P) this.registry = 'PATTERNS';
    else if (length === 8 && items === 3 && initial === LETTER_S) this.registry = 'SHARDED';
    else return -1;
    const end = start + 8 + length;
    return isWordMessage(chunk, end - 7) && isLineEnd(chunk, end) ? end + 2 : -1;
  }

  /** Reads a string; returns the index behind it, or -1 if it is malformed, null, or cut. */
  #readString(chunk: Buffer, start: number): number {
    if (start >= chunk.length || chunk[start] !== DOLLAR) return -1;
    const most = Math.min(start + 1 + MOST_DIGITS, chunk.length);
    let at = start + 1;
    let length = 0;
    for (; at < most; at++) {
      const digit = chunk[at] as number;
      if (digit < ZERO || digit > NINE) break;
      length = length * 10 + digit - ZERO;
    }
    if (at === start + 1 || !isLineEnd(chunk, at)) return -1;
    const end = at + 2 + length;
    if (!isLineEnd(chunk, end)) return -1;
    this.#start = at + 2;
    this.#end = end;
    return end + 2;
  }
}

function isLineEnd(chunk: Buffer, at: number): boolean {
  return at + 1 < chunk.length && chunk[at] === CR && chunk[at + 1] === LF;
}

/** Returns whether the word `message` stands there. A loop over its letters would take as long as the rest of the reading. */
function isWordMessage(chunk: Buffer, at: number): boolean {
  return (
    chunk[at] === LETTER_M &&
    chunk[at + 1] === LETTER_E &&
    chunk[at + 2] === LETTER_S &&
    chunk[at + 3] === LETTER_S &&
    chunk[at + 4] === LETTER_A &&
    chunk[at + 5] === LETTER_G &&
    chunk[at + 6] === LETTER_E
  );
}
