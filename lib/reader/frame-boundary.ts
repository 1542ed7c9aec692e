import type { ClientDecoder } from './seam.js';

type Handler = (value: unknown) => void;
type Callback = 'onReply' | 'onErrorReply' | 'onPush';
const CALLBACKS: readonly Callback[] = ['onReply', 'onErrorReply', 'onPush'];
/** The most lines of a chunk that are handed over one by one. The decoder keeps a piece for each, within a long payload. */
const MOST_LINES = 64;

/**
 * Finds the first end of a frame on a connection that may be in the middle of one. The decoder does not tell where it is, but
 * it calls back when it has read all of a frame but the last line feed. Until then its callbacks are wrapped.
 */
export class FrameBoundary {
  readonly #decoder: ClientDecoder;
  readonly #placed = new Map<Callback, { readonly wrapper: Handler; readonly original: Handler }>();
  #calls = 0;

  constructor(decoder: ClientDecoder) {
    this.#decoder = decoder;
    this.#place();
  }

  /**
   * Hands a chunk to the decoder line by line, up to the first end of a frame. Returns the index behind it; -1 if none was
   * found, and the decoder has the whole chunk.
   */
  find(chunk: Buffer, write: (chunk: Buffer) => void): number {
    // The client sets some callbacks anew when it subscribes.
    this.#place();
    let from = 0;
    for (let lines = 0; lines < MOST_LINES; lines++) {
      const cr = chunk.indexOf(CRLF, from);
      if (cr === -1) break;
      if (cr > from) write(chunk.subarray(from, cr));
      const before = this.#calls;
      write(chunk.subarray(cr, cr + 1));
      from = cr + 1;
      if (this.#calls === before) continue;
      write(chunk.subarray(from, from + 1));
      return from + 1;
    }
    if (from < chunk.length) write(chunk.subarray(from));
    return -1;
  }

  /** Restores the callbacks. */
  remove(): void {
    for (const [name, { wrapper, original }] of this.#placed)
      if (this.#decoder[name] === wrapper) this.#decoder[name] = original;
    this.#placed.clear();
  }

  #place(): void {
    for (const name of CALLBACKS) {
      const original = this.#decoder[name];
      if (original === this.#placed.get(name)?.wrapper) continue;
      const wrapper: Handler = (value) => {
        this.#calls++;
        original(value);
      };
      this.#placed.set(name, { wrapper, original });
      this.#decoder[name] = wrapper;
    }
  }
}

const CRLF = '\r\n';
