import type { Bounds } from './buffer-options.js';
import { byteSize, byteSizeAtMost } from './byte-size.js';
import { BufferOverflowError, type Loss } from '../errors/errors.js';
import { Ring } from './ring.js';

export interface BoundedQueueOptions<T> {
  readonly bounds: Bounds;
  /** The bytes of a value; by default its payload's. */
  readonly sizeOf?: (value: T) => number;
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
 *
 * Counting the bytes of a string costs more than all else here. As long as not even the most that they can be is too much,
 * nobody counts them.
 */
export class BoundedQueue<T> {
  readonly #bounds: Bounds;
  readonly #capacity: number;
  readonly #maxBytes: number;
  readonly #sizeOf: (value: T) => number;
  readonly #sizeAtMost: (value: T) => number;
  readonly #onDrop: ((value: T) => void) | undefined;
  readonly #lossError: (() => (loss: Loss) => Error) | undefined;
  readonly #values = new Ring<T>();
  /** Of the values from the head on, as far as they are counted. */
  readonly #sizes = new Ring<number>();
  readonly #faults: Fault[] = [];
  #left = 0;
  /** Of the values that are counted. */
  #bytes = 0;
  /** The most that the others can be, and those that have left since they were counted or none was there. */
  #bytesAtMost = 0;
  #highWater = 0;

  constructor(options: BoundedQueueOptions<T>) {
    const { bounds, sizeOf, onDrop, lossError } = options;
    this.#bounds = bounds;
    this.#capacity = bounds.capacity;
    this.#maxBytes = bounds.maxBytes;
    this.#sizeOf = sizeOf ?? byteSize;
    this.#sizeAtMost = sizeOf ?? byteSizeAtMost;
    this.#onDrop = onDrop;
    this.#lossError =
      lossError ??
      (bounds.overflow === 'error' ? () => (loss: Loss) => new BufferOverflowError(loss) : undefined);
  }

  /** Values that wait. */
  get length(): number {
    return this.#values.length;
  }

  /** Their bytes. */
  get bytes(): number {
    this.#countBytes();
    return this.#bytes;
  }

  /** The most values that ever waited. */
  get highWater(): number {
    return this.#highWater;
  }

  /** Whether neither a value nor an error waits. */
  get isEmpty(): boolean {
    return this.#values.length === 0 && this.#faults.length === 0;
  }

  /** Below half of both bounds: an overflow that was is over. */
  get isRelaxed(): boolean {
    return this.length * 2 < this.#capacity && this.bytes * 2 < this.#maxBytes;
  }

  /** Appends a value, as far as the bounds and the policy allow. */
  push(value: T): void {
    const sizeAtMost = this.#sizeAtMost(value);
    const bytesAtMost = this.#bytesAtMost + sizeAtMost;
    if (this.#values.length >= this.#capacity || this.#bytes + bytesAtMost > this.#maxBytes)
      return this.#pushCounted(value);
    this.#values.push(value);
    this.#bytesAtMost = bytesAtMost;
    if (this.#values.length > this.#highWater) this.#highWater = this.#values.length;
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
    return this.#faults.length === 0 ? undefined : this.#takeFault();
  }

  #takeFault(): Error | undefined {
    const fault = this.#faults[0] as Fault;
    if (fault.at > this.#left) return undefined;
    this.#faults.shift();
    return 'error' in fault ? fault.error : fault.toError(fault.loss);
  }

  /** The value at the head. */
  peek(): T | undefined {
    return this.#values.at(0);
  }

  /** Takes the value at the head. */
  shift(): T | undefined {
    if (this.#values.length === 0) return undefined;
    this.#left++;
    if (this.#sizes.length > 0) this.#bytes -= this.#sizes.shift() as number;
    else if (this.#values.length === 1) this.#bytesAtMost = 0;
    return this.#values.shift();
  }

  /** Takes the value at the head where no error stands anywhere and no bytes are counted: what is so most of the time. */
  shiftPlain(): T | undefined {
    const { length } = this.#values;
    if (length === 0 || this.#faults.length > 0 || this.#sizes.length > 0) return undefined;
    this.#left++;
    if (length === 1) this.#bytesAtMost = 0;
    return this.#values.shift();
  }

  clear(): void {
    this.#left += this.length;
    this.#values.clear();
    this.#sizes.clear();
    this.#faults.length = 0;
    this.#bytes = 0;
    this.#bytesAtMost = 0;
  }

  #pushCounted(value: T): void {
    this.#countBytes();
    const size = this.#sizeOf(value);
    if (size > this.#maxBytes) return this.#lose(value, 'maxBytes', 'tail');
    const reached = this.#boundReachedWith(1, size);
    if (reached && this.#bounds.overflow !== 'drop-oldest') return this.#lose(value, reached, 'tail');
    this.#values.push(value);
    this.#sizes.push(size);
    this.#bytes += size;
    // Only now, with the new one in its place: who hears of a loss may come back here.
    for (let bound = reached; bound; bound = this.#boundReachedWith(0, 0))
      this.#lose(this.shift() as T, bound, 'head');
    if (this.#values.length > this.#highWater) this.#highWater = this.#values.length;
  }

  #countBytes(): void {
    for (let index = this.#sizes.length; index < this.#values.length; index++) {
      const size = this.#sizeOf(this.#values.at(index) as T);
      this.#sizes.push(size);
      this.#bytes += size;
    }
    this.#bytesAtMost = 0;
  }

  #boundReachedWith(count: number, size: number): Loss['bound'] | undefined {
    if (this.#values.length + count > this.#capacity) return 'capacity';
    return this.#bytes + size > this.#maxBytes ? 'maxBytes' : undefined;
  }

  #lose(value: T, bound: Loss['bound'], place: 'head' | 'tail'): void {
    if (this.#lossError) this.#recordLoss(bound, place, this.#lossError);
    this.#onDrop?.(value);
  }

  /** Losses at one place are one error; their number is read when it is taken. */
  #recordLoss(bound: Loss['bound'], place: 'head' | 'tail', lossError: () => (loss: Loss) => Error): void {
    const first = { dropped: 1, bound, limit: this.#bounds[bound] };
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
