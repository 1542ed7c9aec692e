import { refusesWithError, type Bounds } from './buffer-options.js';
import { byteSize } from './byte-size.js';
import { BufferOverflowError, type Loss } from '../errors/errors.js';
import { currentFlow, type Flow } from './flow.js';
import { abandonCurrent, currentHandling } from './handling.js';
import type { Waiting, WaitingOrder } from './waiting-order.js';

/**
 * Values that wait for an operator, within their bounds. Under `'error'`, an overflow is thrown at once, because it ends the
 * operator's stream. A {@link BoundedQueue} serves a stream that continues after the loss.
 *
 * A policy that drops no values spares them where it can: the line holds a {@link Flow} that has filled it, until the line is
 * relaxed. The values of the delivery that is in progress still find room, even beyond the bounds.
 */
export class WaitingLine<T> {
  readonly #order: WaitingOrder<T>;
  readonly #bounds: Bounds;
  readonly #onDrop: ((value: T) => void) | undefined;
  /** True if the policy drops no values. */
  readonly #sparesValues: boolean;
  #bytes = 0;
  /** True if a message that is to be acknowledged has waited. */
  #hasHandlings = false;
  /** Number of waiting values that are never dropped. */
  #kept = 0;
  /** Sources that the line holds, the longest held first. */
  #held: Set<Flow> | undefined;

  constructor(order: WaitingOrder<T>, bounds: Bounds, onDrop: ((value: T) => void) | undefined) {
    this.#order = order;
    this.#bounds = bounds;
    this.#onDrop = onDrop;
    this.#sparesValues = refusesWithError(bounds.overflow);
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
    const source = currentFlow();
    const isKept = source?.isLossless === true;
    const flow = this.#sparesValues || isKept ? source : undefined;
    const bound = this.#boundAgainst(size, flow);
    if (bound) return this.#refuse(value, bound);
    const handling = currentHandling()?.begin();
    if (handling) this.#hasHandlings = true;
    this.#order.push({ value, key, size, handling, isKept });
    this.#bytes += size;
    if (isKept) this.#kept++;
    if (flow) return this.#holdIfFull(flow, size);
    // Evict only now, with the value in its place: `onDrop` may push another value, or end the stream.
    while (this.length > capacity || this.#bytes > maxBytes) {
      const oldest = this.#taken(this.#order.evict()) as Waiting<T>;
      oldest.handling?.end('abandoned');
      this.#onDrop?.(oldest.value);
    }
  }

  /** Takes the oldest value that may go; the caller takes its part in the handling over. A call of `relax` has to follow, once the caller's state is consistent. */
  next(): Waiting<T> | undefined {
    return this.#taken(this.#order.next());
  }

  /** Releases held sources while the line is relaxed. A source may deliver values before this method returns. */
  relax(): void {
    const held = this.#held;
    if (!held) return;
    // A source that is held again goes to the end of the set: the others have their turn before it.
    for (const flow of held) {
      if (!this.isRelaxed) return;
      held.delete(flow);
      flow.release(this);
    }
  }

  /** Releases all held sources, because no further value arrives. */
  releaseAll(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    for (const flow of held) {
      // Delete the flow first: a call of `relax` that is in progress must not release it again.
      held.delete(flow);
      flow.release(this);
    }
  }

  clear(): void {
    if (this.#hasHandlings)
      for (let next = this.#order.evict(); next; next = this.#order.evict()) next.handling?.end('returned');
    this.#order.clear();
    this.#bytes = 0;
    this.#kept = 0;
  }

  /** Returns the bound that forbids a value of this size, if one does. */
  #boundAgainst(size: number, flow: Flow | undefined): Loss['bound'] | undefined {
    const { capacity, maxBytes, overflow } = this.#bounds;
    if (size > maxBytes) return 'maxBytes';
    // The oldest value may be one that is never dropped: the new one is then dropped in its place.
    if (flow || (overflow === 'drop-oldest' && this.#kept === 0)) return undefined;
    if (this.length >= capacity) return 'capacity';
    return this.#bytes + size > maxBytes ? 'maxBytes' : undefined;
  }

  /** Holds the source of a value if another value of the same size would exceed a bound. */
  #holdIfFull(flow: Flow, size: number): void {
    const { capacity, maxBytes } = this.#bounds;
    if (this.length < capacity && this.#bytes + size <= maxBytes) return;
    this.#held ??= new Set();
    if (this.#held.has(flow)) return;
    this.#held.add(flow);
    flow.hold(this);
  }

  #refuse(value: T, bound: Loss['bound']): void {
    abandonCurrent();
    this.#onDrop?.(value);
    const { overflow, [bound]: limit } = this.#bounds;
    if (refusesWithError(overflow)) throw new BufferOverflowError({ dropped: 1, bound, limit });
  }

  #taken(waiting: Waiting<T> | undefined): Waiting<T> | undefined {
    if (waiting) this.#bytes -= waiting.size;
    if (waiting?.isKept) this.#kept--;
    return waiting;
  }
}
