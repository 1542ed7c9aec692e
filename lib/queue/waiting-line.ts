import type { Bounds } from './buffer-options.js';
import { byteSize } from './byte-size.js';
import { BufferOverflowError, type Loss } from '../errors/errors.js';
import type { Waiting, WaitingOrder } from './waiting-order.js';

/**
 * Values that wait for an operator, within their bounds. Under `'error'`, an overflow is thrown at once, because it ends the
 * operator's stream. A {@link BoundedQueue} serves a stream that continues after the loss.
 */
export class WaitingLine<T> {
  readonly #order: WaitingOrder<T>;
  readonly #bounds: Bounds;
  readonly #onDrop: ((value: T) => void) | undefined;
  #bytes = 0;

  constructor(order: WaitingOrder<T>, bounds: Bounds, onDrop: ((value: T) => void) | undefined) {
    this.#order = order;
    this.#bounds = bounds;
    this.#onDrop = onDrop;
  }

  /** Number of waiting values. */
  get length(): number {
    return this.#order.length;
  }

  /** True if less than half of each bound is in use. */
  get isRelaxed(): boolean {
    const { capacity, maxBytes } = this.#bounds;
    return this.length < capacity / 2 && this.#bytes < maxBytes / 2;
  }

  /**
   * Appends a value, as far as the bounds and the policy allow. Throws the overflow under `'error'`, and any error of
   * `onDrop`.
   */
  push(value: T, key?: unknown): void {
    const { capacity, maxBytes } = this.#bounds;
    const size = byteSize(value);
    const bound = this.#boundAgainst(size);
    if (bound) return this.#refuse(value, bound);
    this.#order.push(value, key, size);
    this.#bytes += size;
    // Evict only now, with the value in its place: `onDrop` may push another value, or end the stream.
    while (this.length > capacity || this.#bytes > maxBytes) {
      const { value: oldest } = this.#taken(this.#order.evict()) as Waiting<T>;
      this.#onDrop?.(oldest);
    }
  }

  /** Takes the oldest value that may go. */
  next(): Waiting<T> | undefined {
    return this.#taken(this.#order.next());
  }

  clear(): void {
    this.#order.clear();
    this.#bytes = 0;
  }

  /** Returns the bound that forbids a value of this size, if one does. */
  #boundAgainst(size: number): Loss['bound'] | undefined {
    const { capacity, maxBytes, overflow } = this.#bounds;
    if (size > maxBytes) return 'maxBytes';
    if (overflow === 'drop-oldest') return undefined;
    if (this.length >= capacity) return 'capacity';
    return this.#bytes + size > maxBytes ? 'maxBytes' : undefined;
  }

  #refuse(value: T, bound: Loss['bound']): void {
    this.#onDrop?.(value);
    const { overflow, [bound]: limit } = this.#bounds;
    if (overflow === 'error') throw new BufferOverflowError({ dropped: 1, bound, limit });
  }

  #taken(waiting: Waiting<T> | undefined): Waiting<T> | undefined {
    if (waiting) this.#bytes -= waiting.size;
    return waiting;
  }
}
