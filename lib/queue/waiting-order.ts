import type { Handling } from './handling.js';
import { Ring } from './ring.js';

/** Value that waits. */
export interface Waiting<T> {
  readonly value: T;
  readonly key: unknown;
  /** Size of the value in bytes. */
  readonly size: number;
  /** The handling of a message that is to be acknowledged. */
  readonly handling: Handling | undefined;
  /** True if the value is never dropped. */
  readonly isKept: boolean;
}

/** Order in which waiting values may go. */
export interface WaitingOrder<T> {
  /** Number of waiting values. */
  readonly length: number;
  /** Returns whether a new value may go without waiting; if so, claims its key until `release`. */
  claim(key: unknown): boolean;
  release(key: unknown): void;
  push(waiting: Waiting<T>): void;
  /** Takes the oldest value that may go, and claims its key. */
  next(): Waiting<T> | undefined;
  /** Takes the oldest value of all. */
  evict(): Waiting<T> | undefined;
  clear(): void;
}

/** Order that is first in, first out, whatever the keys. */
export class ArrivalOrder<T> implements WaitingOrder<T> {
  readonly #ring = new Ring<Waiting<T>>();

  get length(): number {
    return this.#ring.length;
  }

  claim(): boolean {
    return true;
  }

  release(): void {
    // This order claims no keys.
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
