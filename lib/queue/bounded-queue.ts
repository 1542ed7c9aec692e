import type { Bounds } from './buffer-options.js';
import { BufferOverflowError, type Loss } from '../errors/errors.js';
import { Ring } from './ring.js';

export interface BoundedQueueOptions<T> {
  readonly bounds: Bounds;
  readonly sizeOf: (value: T) => number;
  /** Hears of each value that is lost. */
  readonly onDrop?: ((value: T) => void) | undefined;
  /**
   * Asked when a place first loses something, for what makes an error of it once it is come to; by default that is a
   * BufferOverflowError where the policy is `'error'`, and nothing elsewhere.
   */
  readonly lossError?: (() => (loss: Loss) => Error) | undefined;
}

/** What stands between the values; due when `at` values have left the head of the queue. */
type Fault = { readonly at: number } & (
  { readonly error: Error } | { readonly loss: Loss; readonly toError: (loss: Loss) => Error }
);

/**
 * A queue of values, bounded by their number and their bytes, with errors that stand between them. Errors take no room:
 * they hold their place by a sequence number, so that evicting values never evicts an error.
 */
export class BoundedQueue<T> {
  readonly #options: BoundedQueueOptions<T>;
  readonly #values = new Ring<T>();
  readonly #sizes = new Ring<number>();
  readonly #faults: Fault[] = [];
  #left = 0;
  #bytes = 0;

  constructor(options: BoundedQueueOptions<T>) {
    const lossError =
      options.lossError ??
      (options.bounds.overflow === 'error' ? () => (loss: Loss) => new BufferOverflowError(loss) : undefined);
    this.#options = { ...options, lossError };
  }

  /** Values that wait. */
  get length(): number {
    return this.#values.length;
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether neither a value nor an error waits. */
  get isEmpty(): boolean {
    return this.#values.length === 0 && this.#faults.length === 0;
  }

  /** Below half of both bounds: an overflow that was is over. */
  get isRelaxed(): boolean {
    const { capacity, maxBytes } = this.#options.bounds;
    return this.length * 2 < capacity && this.#bytes * 2 < maxBytes;
  }

  /** Appends a value, as far as the bounds and the policy allow. */
  push(value: T): void {
    const { bounds, sizeOf } = this.#options;
    const size = sizeOf(value);
    if (size > bounds.maxBytes) return this.#lose(value, 'maxBytes', 'tail');
    const reached = this.#boundReachedWith(1, size);
    if (reached && bounds.overflow !== 'drop-oldest') return this.#lose(value, reached, 'tail');
    this.#values.push(value);
    this.#sizes.push(size);
    this.#bytes += size;
    // Only now, with the new one in its place: who hears of a loss may come back here.
    for (let bound = reached; bound; bound = this.#boundReachedWith(0, 0))
      this.#lose(this.shift() as T, bound, 'head');
  }

  /** Places an error behind what waits. `join` may merge it with one that stands at the same place already. */
  place(error: Error, join?: (earlier: Error) => Error | undefined): void {
    const at = this.#left + this.length;
    const last = this.#faults.at(-1);
    const earlier = last?.at === at && 'error' in last ? last.error : undefined;
    const joined = earlier && join?.(earlier);
    if (joined) this.#faults.pop();
    this.#faults.push({ at, error: joined ?? error });
  }

  /** Takes the error that stands at the head, if one does. Ask before each `shift`. */
  takeError(): Error | undefined {
    if (this.#faults.length === 0) return undefined;
    const fault = this.#faults[0] as Fault;
    if (fault.at > this.#left) return undefined;
    this.#faults.shift();
    return 'error' in fault ? fault.error : fault.toError(fault.loss);
  }

  /** Takes the value at the head. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    this.#left++;
    this.#bytes -= this.#sizes.shift() as number;
    return this.#values.shift();
  }

  clear(): void {
    this.#left += this.length;
    this.#values.clear();
    this.#sizes.clear();
    this.#faults.length = 0;
    this.#bytes = 0;
  }

  #boundReachedWith(count: number, size: number): Loss['bound'] | undefined {
    const { capacity, maxBytes } = this.#options.bounds;
    if (this.length + count > capacity) return 'capacity';
    return this.#bytes + size > maxBytes ? 'maxBytes' : undefined;
  }

  #lose(value: T, bound: Loss['bound'], place: 'head' | 'tail'): void {
    const { lossError } = this.#options;
    if (lossError) this.#recordLoss(bound, place, lossError);
    this.#options.onDrop?.(value);
  }

  /** Losses at one place are one error; their number is read when it is taken. */
  #recordLoss(bound: Loss['bound'], place: 'head' | 'tail', lossError: () => (loss: Loss) => Error): void {
    const first = { dropped: 1, bound, limit: this.#options.bounds[bound] };
    if (place === 'head') {
      const head = this.#faults[0];
      if (head && 'loss' in head && head.at <= this.#left) head.loss.dropped++;
      else this.#faults.unshift({ at: this.#left, loss: first, toError: lossError() });
    } else {
      const at = this.#left + this.length;
      const tail = this.#faults.at(-1);
      if (tail && 'loss' in tail && tail.at === at) tail.loss.dropped++;
      else this.#faults.push({ at, loss: first, toError: lossError() });
    }
  }
}
