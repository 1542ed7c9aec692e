import { channel } from 'node:diagnostics_channel';
import { FrameBoundary } from './frame-boundary.js';
import { Framer } from './framer.js';
import { ARRAY, MessageFrame, PUSH } from './message-frame.js';
import type { ClientDecoder, ClientQueue } from './seam.js';
import { textOf } from './text-of.js';

/** The diagnostics channel on which the client publishes each message, if there is a subscriber. */
const TRACE = channel('node-redis:pubsub');

/** The channel whose payload the client treats in its own way. */
const INVALIDATE = '__redis__:invalidate';

/**
 * A reader of messages in front of a client's decoder. It takes whole frames of messages from each chunk, and calls the
 * listeners in the client's registry as the client would. All other bytes go to the decoder unchanged and in order, with
 * frames that a chunk's end cuts.
 */
export class PushReader {
  readonly #queue: ClientQueue;
  readonly #decoder: ClientDecoder;
  /** The object that `getTypeMapping` returns on RESP2 while the client takes arrays for messages, and at no other time. */
  readonly #pubSubTypes: object;
  /** The client's handler of pushes. With another one in its place, all pushes go there. */
  readonly #onPush: ClientDecoder['onPush'];
  readonly #write: (chunk: Buffer) => void;
  readonly #resetDecoder: () => void;
  readonly #framer = new Framer();
  readonly #frame = new MessageFrame();
  /** Set until the first end of a frame is found: the connection may be in the middle of a frame. */
  #boundary: FrameBoundary | undefined;
  #getTypeMapping: ClientDecoder['getTypeMapping'] | undefined;
  #takesArrays = false;
  #isReading = false;
  /** True if the client has reset its decoder while a chunk is being read. */
  #isResetDue = false;
  #isRemoved = false;

  constructor(queue: ClientQueue, pubSubTypes: object) {
    const { decoder } = queue;
    this.#queue = queue;
    this.#decoder = decoder;
    this.#pubSubTypes = pubSubTypes;
    this.#onPush = decoder.onPush;
    this.#write = decoder.write.bind(decoder);
    this.#resetDecoder = decoder.reset.bind(decoder);
    this.#boundary = new FrameBoundary(decoder);
    decoder.write = this.#read;
    decoder.reset = this.#reset;
  }

  /** Leaves the decoder as it was. At any time: the decoder has all bytes of a frame that has begun. */
  remove(): void {
    this.#isRemoved = true;
    this.#endSearch();
    // Other code may have wrapped the methods since. It still calls them, and they do nothing of their own any more.
    const decoder = this.#decoder;
    if (decoder.reset === this.#reset) Reflect.deleteProperty(decoder, 'reset');
    if (decoder.write === this.#read) Reflect.deleteProperty(decoder, 'write');
  }

  readonly #read = (chunk: Buffer): void => {
    if (this.#isRemoved) return this.#write(chunk);
    const wasReading = this.#isReading;
    this.#isReading = true;
    try {
      let at = this.#boundary ? this.#search(this.#boundary, chunk) : 0;
      if (!this.#framer.isBetweenFrames) at = this.#handOver(chunk, at);
      while (at < chunk.length) at = this.#takeMessage(chunk, at) || this.#handOver(chunk, at);
    } finally {
      this.#isReading = wasReading;
      if (this.#isResetDue) this.#reset();
    }
  };

  /** Calls the listeners of a message; returns the index behind it, or 0 for a frame that is the client's. */
  #takeMessage(chunk: Buffer, start: number): number {
    const frame = this.#frame;
    if (!frame.read(chunk, start) || !this.#isMessage(chunk, frame)) return 0;
    const { end, registry, nameStart, nameEnd, channelStart, channelEnd, dataStart, dataEnd } = frame;
    const name = textOf(chunk, nameStart, nameEnd);
    const listeners = this.#queue.getPubSubListeners(registry).get(name);
    if (listeners === undefined) return end;
    if (listeners.buffers.size > 0) {
      const data = chunk.subarray(dataStart, dataEnd);
      const channel = chunk.subarray(channelStart, channelEnd);
      for (const listener of listeners.buffers) listener(data, channel);
    }
    // Only now, because a listener may have replaced the Set.
    const { strings } = listeners;
    if (strings.size > 0) {
      const channel = registry === 'PATTERNS' ? textOf(chunk, channelStart, channelEnd) : name;
      const data = textOf(chunk, dataStart, dataEnd);
      for (const listener of strings) listener(data, channel);
    }
    return end;
  }

  /** Returns whether the client would take this frame for a message, and do nothing with it but call the listeners. */
  #isMessage(chunk: Buffer, { isArray, channelStart, channelEnd }: MessageFrame): boolean {
    if (TRACE.hasSubscribers) return false;
    if (isArray ? !this.#isPubSubMode() : this.#decoder.onPush !== this.#onPush) return false;
    return (
      channelEnd - channelStart !== INVALIDATE.length ||
      textOf(chunk, channelStart, channelEnd) !== INVALIDATE
    );
  }

  #isPubSubMode(): boolean {
    const { getTypeMapping } = this.#decoder;
    // The client sets another function whenever it enters or leaves the mode.
    if (getTypeMapping !== this.#getTypeMapping) {
      this.#getTypeMapping = getTypeMapping;
      this.#takesArrays = typesOf(getTypeMapping) === this.#pubSubTypes;
    }
    return this.#takesArrays;
  }

  /** Hands one or more frames to the client, up to one that may be a message; returns the index behind them. */
  #handOver(chunk: Buffer, start: number): number {
    const framer = this.#framer;
    let end = start;
    do end = framer.read(chunk, end);
    while (end < chunk.length && chunk[end] !== PUSH && chunk[end] !== ARRAY);
    this.#write(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
    return end;
  }

  /** Hands a chunk to the client up to the first end of a frame, or as a whole; returns the index behind that. */
  #search(boundary: FrameBoundary, chunk: Buffer): number {
    const end = boundary.find(chunk, this.#write);
    if (end === -1) return chunk.length;
    this.#endSearch();
    return end;
  }

  #endSearch(): void {
    this.#boundary?.remove();
    this.#boundary = undefined;
  }

  /**
   * Resets the decoder at the end of the chunk that is being read. The client resets its decoder when a connection ends, also
   * if a listener destroys the client in the middle of a chunk. In the middle, the decoder would read the bytes again that it
   * has been given, messages included; and the rest of the chunk would leave it in the middle of a frame.
   */
  readonly #reset = (): void => {
    this.#isResetDue = this.#isReading;
    if (this.#isResetDue) return;
    this.#resetDecoder();
    this.#framer.reset();
    this.#endSearch();
  };
}

function typesOf(getTypeMapping: ClientDecoder['getTypeMapping']): object | undefined {
  try {
    return getTypeMapping();
  } catch {
    // Version 5 throws while it waits for no reply.
    return undefined;
  }
}
