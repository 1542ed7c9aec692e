import { Ring } from '../queue/ring.js';

/** A value that waits. */
export interface Waiting<T> {
  readonly value: T;
  readonly key: unknown;
  /** Its bytes. */
  readonly size: number;
}

/** Says which of the values that wait may go next. */
export interface WaitingOrder<T> {
  /** Values that wait. */
  readonly length: number;
  /** Whether a value that just came may go without waiting; if so, its key is taken until `release`. */
  claim(key: unknown): boolean;
  release(key: unknown): void;
  push(waiting: Waiting<T>): void;
  /** Takes the oldest of those that may go, and claims its key. */
  next(): Waiting<T> | undefined;
  /** Takes the oldest of all. */
  evict(): Waiting<T> | undefined;
  clear(): void;
}

/** First in, first out, whatever the keys. */
export class ArrivalOrder<T> implements WaitingOrder<T> {
  readonly #ring = new Ring<Waiting<T>>();

  get length(): number {
    return this.#ring.length;
  }

  claim(): boolean {
    return true;
  }

  release(): void {
    // No key is ever taken.
  }

  push(waiting: Waiting<T>): void {
    this.#ring.push(waiting);
  }

  next(): Waiting<T> | undefined {
    return this.#ring.shift();
  }

  evict(): Waiting<T> | undefined {
    return this.#ring.shift();
  }

  clear(): void {
    this.#ring.clear();
  }
}
