import { refusesWithError, type Bounds } from './buffer-options.js';
import { byteSize, byteSizeAtMost } from './byte-size.js';
import { BufferOverflowError, type Loss } from '../errors/errors.js';
import { FaultList, type Join } from './fault-list.js';
import { Ring } from './ring.js';

export interface BoundedQueueOptions<T> {
  readonly bounds: Bounds;
  /** Returns the bytes of a value; by default those of its payload. */
  readonly sizeOf?: (value: T) => number;
  /** Returns whether a value must not be evicted. */
  readonly isKept?: ((value: T) => boolean) | undefined;
  /** Called with each value that is lost. */
  readonly onDrop?: ((value: T) => void) | undefined;
  /**
   * Called when a place first loses a value. Returns a function that creates the error once that place is reached; by
   * default a BufferOverflowError if the policy is `'error'`, and none otherwise.
   */
  readonly lossError?: (() => (loss: Loss) => Error) | undefined;
}

/** Errors that stand behind a value. They are due when `at` values have left the head of the queue. */
interface Place {
  readonly at: number;
  readonly faults: FaultList;
}

/**
 * A queue of values, bounded by their number and their bytes, with errors that stand between them. Errors take no room: they
 * hold their place by a sequence number, so that evicting values never evicts an error. Evicting a value merges the places
 * before and behind it, and errors that can be joined never stand twice at one place. There are therefore at most as many
 * errors as places (the values, and one more) times kinds.
 *
 * Counting the bytes of a string costs more than everything else here. As long as even an upper bound of the bytes is within
 * the limit, they are not counted.
 */
export class BoundedQueue<T> {
  readonly #bounds: Bounds;
  readonly #capacity: number;
  readonly #maxBytes: number;
  readonly #isKept: (value: T) => boolean;
  readonly #sizeOf: (value: T) => number;
  readonly #sizeAtMost: (value: T) => number;
  readonly #onDrop: ((value: T) => void) | undefined;
  readonly #lossError: (() => (loss: Loss) => Error) | undefined;
  readonly #values = new Ring<T>();
  /** The sizes of the values from the head on, as far as they are counted. */
  readonly #sizes = new Ring<number>();
  /** The errors in front of the value at the head. */
  #due = new FaultList();
  /** The places that have errors behind the value at the head. */
  readonly #places = new Ring<Place>();
  #left = 0;
  /** The bytes of the counted values. */
  #bytes = 0;
  /** An upper bound for the bytes of the others; includes values that have left since the last count or empty queue. */
  #bytesAtMost = 0;
  #highWater = 0;

  constructor(options: BoundedQueueOptions<T>) {
    const { bounds, sizeOf, onDrop, lossError, isKept = () => false } = options;
    this.#bounds = bounds;
    this.#capacity = bounds.capacity;
    this.#maxBytes = bounds.maxBytes;
    this.#isKept = isKept;
    this.#sizeOf = sizeOf ?? byteSize;
    this.#sizeAtMost = sizeOf ?? byteSizeAtMost;
    this.#onDrop = onDrop;
    this.#lossError =
      lossError ??
      (refusesWithError(bounds.overflow) ? () => (loss: Loss) => new BufferOverflowError(loss) : undefined);
  }

  /** The number of values that wait. */
  get length(): number {
    return this.#values.length;
  }

  /** The bytes of the values that wait. */
  get bytes(): number {
    this.#countBytes();
    return this.#bytes;
  }

  /** The largest number of values that ever waited. */
  get highWater(): number {
    return this.#highWater;
  }

  /** Returns whether neither a value nor an error waits. */
  get isEmpty(): boolean {
    return this.#values.length === 0 && this.#due.isEmpty;
  }

  /** Returns whether less than half of both bounds is in use: an overflow is then over. */
  get isRelaxed(): boolean {
    return this.length * 2 < this.#capacity && this.bytes * 2 < this.#maxBytes;
  }

  /** Returns the number of values of this size that can wait in this share of the queue; an empty queue has room for any one. */
  roomFor(bytes: number, share = 1): number {
    const left = bytes === 0 ? Infinity : (this.#maxBytes * share - this.bytes) / bytes;
    const room = Math.floor(Math.min(this.#capacity * share - this.length, left));
    return Math.max(room, this.length === 0 ? 1 : 0);
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

  /**
   * Places an error behind all values. `join` may merge it with another error at the same place, now or once the values
   * between the two have been evicted.
   */
  place(error: Error, join?: Join): void {
    this.#tail().add(error, join);
  }

  /** Takes the error that stands at the head, if there is one. To be called before each `shift`. */
  takeError(): Error | undefined {
    return this.#due.take();
  }

  /** Returns the value at the head. */
  peek(): T | undefined {
    return this.#values.at(0);
  }

  /** Takes the value at the head. */
  shift(): T | undefined {
    const value = this.#takeHead();
    if (this.#places.length > 0) this.#reachPlace();
    return value;
  }

  /** Takes the value at the head if the queue has no errors and no counted bytes: the usual case. */
  shiftPlain(): T | undefined {
    const { length } = this.#values;
    if (length === 0 || this.#sizes.length > 0 || !this.#due.isEmpty || this.#places.length > 0)
      return undefined;
    this.#left++;
    if (length === 1) this.#bytesAtMost = 0;
    return this.#values.shift();
  }

  clear(): void {
    this.#left += this.length;
    this.#values.clear();
    this.#sizes.clear();
    this.#places.clear();
    this.#due = new FaultList();
    this.#bytes = 0;
    this.#bytesAtMost = 0;
  }

  #pushCounted(value: T): void {
    this.#countBytes();
    const size = this.#sizeOf(value);
    if (size > this.#maxBytes) return this.#refuse(value, 'maxBytes');
    const reached = this.#boundReachedWith(1, size);
    if (reached && (this.#bounds.overflow !== 'drop-oldest' || this.#isHeadKept))
      return this.#refuse(value, reached);
    this.#values.push(value);
    this.#sizes.push(size);
    this.#bytes += size;
    // Only now, with the new value in its place: `onDrop` may call the queue again.
    for (let bound = reached; bound && !this.#isHeadKept; bound = this.#boundReachedWith(0, 0))
      this.#evict(bound);
    if (this.#values.length > this.#highWater) this.#highWater = this.#values.length;
  }

  /** True if the oldest value must not be dropped: the incoming one is refused in its place. */
  get #isHeadKept(): boolean {
    const head = this.#values.at(0);
    return head !== undefined && this.#isKept(head);
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

  #refuse(value: T, bound: Loss['bound']): void {
    if (this.#lossError) this.#tail().lose({ bound, limit: this.#bounds[bound] }, this.#lossError);
    this.#onDrop?.(value);
  }

  #evict(bound: Loss['bound']): void {
    const value = this.#takeHead() as T;
    if (this.#lossError) this.#due.lose({ bound, limit: this.#bounds[bound] }, this.#lossError);
    this.#reachPlace();
    this.#onDrop?.(value);
  }

  #takeHead(): T | undefined {
    if (this.#values.length === 0) return undefined;
    this.#left++;
    if (this.#sizes.length > 0) this.#bytes -= this.#sizes.shift() as number;
    else if (this.#values.length === 1) this.#bytesAtMost = 0;
    return this.#values.shift();
  }

  /** Makes the errors due that stand behind the value that has left the head. */
  #reachPlace(): void {
    if (this.#places.at(0)?.at !== this.#left) return;
    const { faults } = this.#places.shift() as Place;
    if (this.#due.isEmpty) this.#due = faults;
    else this.#due.absorb(faults);
  }

  /** Returns the errors behind all values. */
  #tail(): FaultList {
    if (this.#values.length === 0) return this.#due;
    const at = this.#left + this.#values.length;
    const last = this.#places.at(this.#places.length - 1);
    if (last?.at === at) return last.faults;
    const faults = new FaultList();
    this.#places.push({ at, faults });
    return faults;
  }
}
