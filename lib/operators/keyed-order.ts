import { Heap } from './heap.js';
import { Ring } from '../queue/ring.js';
import type { Waiting, WaitingOrder } from '../queue/waiting-order.js';

/** Sorted values of one key. A lane has at least one value. */
interface Lane<T> {
  readonly key: unknown;
  head: Node<T> | undefined;
  tail: Node<T> | undefined;
}

/** Sorted value, an element of two lists: the list of its lane, and the list of all lanes together. */
interface Node<T> {
  readonly waiting: Waiting<T>;
  readonly lane: Lane<T>;
  /** Number of the value in the order of arrival. */
  readonly at: number;
  behind: Node<T> | undefined;
  older: Node<T> | undefined;
  newer: Node<T> | undefined;
}

/**
 * Order that is first in, first out within a key, and lets one value of a key run at a time: the oldest value whose key is
 * idle goes first. Every step takes constant time on average, or time logarithmic in the number of idle keys with waiting
 * values. An idle key without waiting values takes no memory.
 *
 * A value stays unsorted until its turn comes, because its key is usually idle by then. The values that have to wait for a
 * busy key even then are sorted into lanes. All sorted values are older than all unsorted ones.
 */
export class KeyedOrder<T> implements WaitingOrder<T> {
  /** Keys of the running values, except the latest claim. */
  readonly #busy = new Set<unknown>();
  /**
   * Key of the last claim, in a box, until another key matters. A value that completes at once never enters the set, which is
   * slow at adding and deleting its only key.
   */
  #latest: { readonly key: unknown } | undefined;
  readonly #unsorted = new Ring<Waiting<T>>();
  readonly #lanes = new Map<unknown, Lane<T>>();
  /** Lanes whose key is idle. */
  readonly #ready = new Heap<Lane<T>>(({ head }) => (head as Node<T>).at);
  #oldest: Node<T> | undefined;
  #newest: Node<T> | undefined;
  /** Number of sorted values. */
  #sorted = 0;
  #arrivals = 0;

  get length(): number {
    return this.#unsorted.length + this.#sorted;
  }

  claim(key: unknown): boolean {
    this.#enterLatest();
    if (this.#unsorted.length > 0) this.#sortAll();
    if (this.#busy.has(key) || (this.#sorted > 0 && this.#lanes.has(key))) return false;
    this.#latest = { key };
    return true;
  }

  release(key: unknown): void {
    if (this.#latest && Object.is(this.#latest.key, key)) {
      this.#latest = undefined;
      return;
    }
    if (!this.#busy.delete(key) || this.#sorted === 0) return;
    const lane = this.#lanes.get(key);
    if (lane) this.#ready.push(lane);
  }

  push(waiting: Waiting<T>): void {
    this.#unsorted.push(waiting);
  }

  next(): Waiting<T> | undefined {
    this.#enterLatest();
    const lane = this.#sorted > 0 ? this.#ready.pop() : undefined;
    if (lane) {
      this.#busy.add(lane.key);
      return this.#takeHead(lane);
    }
    // No lane is ready: the keys of all lanes are busy.
    for (let waiting = this.#unsorted.shift(); waiting; waiting = this.#unsorted.shift()) {
      if (this.#makeBusy(waiting.key)) return waiting;
      this.#sort(waiting);
    }
    return undefined;
  }

  evict(): Waiting<T> | undefined {
    const lane = this.#oldest?.lane;
    if (!lane) return this.#unsorted.shift();
    const isBusy = this.#busy.has(lane.key);
    // The lane with the oldest value is at the top of the heap if its key is idle.
    if (!isBusy) this.#ready.pop();
    const waiting = this.#takeHead(lane);
    if (!isBusy && lane.head) this.#ready.push(lane);
    return waiting;
  }

  clear(): void {
    this.#busy.clear();
    this.#latest = undefined;
    this.#unsorted.clear();
    this.#lanes.clear();
    this.#ready.clear();
    this.#oldest = this.#newest = undefined;
    this.#sorted = 0;
  }

  #enterLatest(): void {
    if (!this.#latest) return;
    this.#busy.add(this.#latest.key);
    this.#latest = undefined;
  }

  /** Adds a key, and returns whether it was idle: adding costs as little as looking alone. */
  #makeBusy(key: unknown): boolean {
    const { size } = this.#busy;
    return this.#busy.add(key).size > size;
  }

  #sortAll(): void {
    for (let waiting = this.#unsorted.shift(); waiting; waiting = this.#unsorted.shift()) this.#sort(waiting);
  }

  /** Appends a value to the lane of its key. */
  #sort(waiting: Waiting<T>): void {
    const { key } = waiting;
    const known = this.#lanes.get(key);
    const lane = known ?? { key, head: undefined, tail: undefined };
    const older = this.#newest;
    const node: Node<T> = { waiting, lane, at: this.#arrivals++, behind: undefined, older, newer: undefined };
    if (older) older.newer = node;
    else this.#oldest = node;
    this.#newest = node;
    this.#sorted++;

    if (lane.tail) lane.tail.behind = node;
    else lane.head = node;
    lane.tail = node;
    if (known) return;
    this.#lanes.set(key, lane);
    if (!this.#busy.has(key)) this.#ready.push(lane);
  }

  #takeHead(lane: Lane<T>): Waiting<T> {
    const { waiting, behind, older, newer } = lane.head as Node<T>;
    lane.head = behind;
    if (!behind) this.#lanes.delete(lane.key);
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    this.#sorted--;
    return waiting;
  }
}
