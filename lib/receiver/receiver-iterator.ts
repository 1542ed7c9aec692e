import { handlingOf } from '../queue/handling.js';
import { HandlingsInHand } from '../queue/handlings-in-hand.js';
import { decoderOf } from './decoder.js';
import type { Pull } from './pulls.js';
import type { ReceiverCore } from './receiver-core.js';

/** Implements `for await`. An async generator would cost three times as much for each message. */
export class ReceiverIterator<M> implements AsyncIterableIterator<M> {
  readonly #core: ReceiverCore;
  readonly #decode = decoderOf<unknown>(undefined);
  #isDone = false;
  /** True from the first `next` until the end: the iterator keeps the Receiver connected. */
  #isHolding = false;
  /** The waiting pulls of the iterator, which end with it. */
  readonly #waiting = new Set<Pull<unknown>>();
  /** The messages that the loop has received and has not handled yet. */
  readonly #inHand = new HandlingsInHand();

  constructor(core: ReceiverCore) {
    this.#core = core;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<M, undefined>> {
    this.#inHand.endAll('handled');
    const plain = this.#isHolding ? this.#core.takePlain('while-used') : undefined;
    return plain ? Promise.resolve({ done: false, value: plain as M }) : this.#next();
  }

  #next(): Promise<IteratorResult<M, undefined>> {
    if (this.#isDone) return Promise.resolve({ done: true, value: undefined });
    this.#hold();
    try {
      const value = this.#core.takeReady(this.#decode, 'while-used');
      if (!value) return this.#wait();
      this.#inHand.add(handlingOf(value));
      return Promise.resolve({ done: false, value: value as M });
    } catch (error) {
      this.#releaseIfIdle();
      return Promise.reject(error);
    }
  }

  return(): Promise<IteratorResult<M, undefined>> {
    this.#finish();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<IteratorResult<M, undefined>> {
    this.#finish();
    return Promise.reject(error);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#finish();
    return Promise.resolve();
  }

  #wait(): Promise<IteratorResult<M, undefined>> {
    return new Promise((resolve, reject) => {
      const pull: Pull<unknown> = {
        decode: this.#decode,
        give: (value) => {
          this.#waiting.delete(pull);
          if (value) this.#inHand.add(handlingOf(value));
          resolve({ done: false, value: value as M });
        },
        fail: (error) => {
          this.#waiting.delete(pull);
          this.#releaseIfIdle();
          reject(error);
        },
        end: () => {
          this.#waiting.delete(pull);
          this.#finish();
          resolve({ done: true, value: undefined });
        },
      };
      this.#waiting.add(pull);
      this.#core.pull(pull, 'while-used');
    });
  }

  /** Releases the Receiver after an error: `for await` does not call `return` then. */
  #releaseIfIdle(): void {
    if (this.#waiting.size === 0) this.#release();
  }

  #hold(): void {
    if (this.#isHolding) return;
    this.#isHolding = true;
    this.#core.countIterators(1);
  }

  #release(): void {
    if (!this.#isHolding) return;
    this.#isHolding = false;
    this.#core.countIterators(-1);
  }

  #finish(): void {
    this.#isDone = true;
    this.#inHand.endAll('abandoned');
    this.#release();
    for (const pull of this.#waiting) {
      this.#core.stream.pulls.remove(pull);
      pull.end(true);
    }
  }
}
