import type { RawMessage } from './mailbox.js';
import type { Message } from './message.js';
import type { Pull } from './pulls.js';
import type { ReceiverCore } from './receiver-core.js';

/** What stands behind `for await`: written by hand, because an async generator costs three times as much a message. */
export class ReceiverIterator<T> implements AsyncIterableIterator<Message<T>> {
  readonly #core: ReceiverCore;
  readonly #decode: (raw: RawMessage) => Message<T>;
  #isDone = false;
  /** It keeps the Receiver connected from its first `next` until it ends. */
  #isHolding = false;
  /** Those of its pulls that wait: they are given back when it ends. */
  readonly #waiting = new Set<Pull<T>>();

  constructor(core: ReceiverCore) {
    this.#core = core;
    this.#decode = core.decoder<T>(undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Message<T>, undefined>> {
    if (this.#isDone) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      let isSettled = false;
      const pull: Pull<T> = {
        decode: this.#decode,
        give: (value) => {
          isSettled = true;
          this.#waiting.delete(pull);
          resolve({ done: false, value: value as Message<T> });
        },
        // `for await` does not call `return` after an error: what it holds has to be let go here.
        fail: (error) => {
          isSettled = true;
          this.#waiting.delete(pull);
          if (this.#waiting.size === 0) this.#release();
          reject(error);
        },
        end: () => {
          isSettled = true;
          this.#waiting.delete(pull);
          this.#finish();
          resolve({ done: true, value: undefined });
        },
      };
      this.#hold();
      this.#core.pull(pull, 'iterator');
      if (!isSettled) this.#waiting.add(pull);
    });
  }

  return(): Promise<IteratorResult<Message<T>, undefined>> {
    this.#finish();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<IteratorResult<Message<T>, undefined>> {
    this.#finish();
    return Promise.reject(error as Error);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#finish();
    return Promise.resolve();
  }

  #hold(): void {
    if (this.#isHolding) return;
    this.#isHolding = true;
    this.#core.holdForIterator();
  }

  #release(): void {
    if (!this.#isHolding) return;
    this.#isHolding = false;
    this.#core.releaseIterator();
  }

  #finish(): void {
    this.#isDone = true;
    this.#release();
    for (const pull of this.#waiting) {
      this.#core.cancelPull(pull);
      pull.end();
    }
  }
}
