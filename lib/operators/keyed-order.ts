import { Heap } from './heap.js';
import type { Waiting, WaitingOrder } from '../queue/waiting-order.js';

/** Values of one key: the running one, if the key is busy, and the waiting ones. At least one value runs or waits. */
interface Lane<T> {
  readonly key: unknown;
  isBusy: boolean;
  head: Node<T> | undefined;
  tail: Node<T> | undefined;
}

/** Waiting value, an element of two lists: the list of its lane, and the list of all lanes together. */
interface Node<T> extends Waiting<T> {
  readonly lane: Lane<T>;
  /** Number of the arrival. */
  readonly at: number;
  behind: Node<T> | undefined;
  older: Node<T> | undefined;
  newer: Node<T> | undefined;
}

/**
 * Order that is first in, first out within a key, and lets one value of a key run at a time: the oldest value whose key is
 * idle goes first. Every step takes constant time, or time logarithmic in the number of idle keys with waiting values. An
 * idle key without waiting values takes no memory.
 */
export class KeyedOrder<T> implements WaitingOrder<T> {
  readonly #lanes = new Map<unknown, Lane<T>>();
  /**
   * Lane of the last claim, until another value arrives. A value that completes at once never enters the map, which is slow
   * at adding and deleting its only key.
   */
  #latest: Lane<T> | undefined;
  /** Lanes with waiting values whose key is idle. */
  readonly #ready = new Heap<Lane<T>>(({ head }) => (head as Node<T>).at);
  #oldest: Node<T> | undefined;
  #newest: Node<T> | undefined;
  #length = 0;
  #arrivals = 0;

  get length(): number {
    return this.#length;
  }

  claim(key: unknown): boolean {
    this.#enterLatest();
    if (this.#lanes.has(key)) return false;
    this.#latest = { key, isBusy: true, head: undefined, tail: undefined };
    return true;
  }

  release(key: unknown): void {
    const latest = this.#latest;
    if (latest && Object.is(latest.key, key)) {
      this.#latest = undefined;
      return;
    }
    const lane = this.#lanes.get(key);
    if (!lane) return;
    lane.isBusy = false;
    this.#onIdle(lane);
  }

  push(value: T, key: unknown, size: number): void {
    this.#enterLatest();
    const known = this.#lanes.get(key);
    const lane = known ?? { key, isBusy: false, head: undefined, tail: undefined };
    const older = this.#newest;
    const at = this.#arrivals++;
    const node: Node<T> = { value, key, size, lane, at, behind: undefined, older, newer: undefined };
    if (older) older.newer = node;
    else this.#oldest = node;
    this.#newest = node;
    this.#length++;

    if (lane.tail) lane.tail.behind = node;
    else lane.head = node;
    lane.tail = node;
    if (known) return;
    this.#lanes.set(key, lane);
    this.#ready.push(lane);
  }

  next(): Waiting<T> | undefined {
    const lane = this.#ready.pop();
    if (!lane) return undefined;
    lane.isBusy = true;
    return this.#takeHead(lane);
  }

  evict(): Waiting<T> | undefined {
    const lane = this.#oldest?.lane;
    if (!lane) return undefined;
    // The lane with the oldest value is at the top of the heap if its key is idle.
    if (!lane.isBusy) this.#ready.pop();
    const waiting = this.#takeHead(lane);
    if (!lane.isBusy) this.#onIdle(lane);
    return waiting;
  }

  clear(): void {
    this.#lanes.clear();
    this.#latest = undefined;
    this.#ready.clear();
    this.#oldest = this.#newest = undefined;
    this.#length = 0;
  }

  #enterLatest(): void {
    if (!this.#latest) return;
    this.#lanes.set(this.#latest.key, this.#latest);
    this.#latest = undefined;
  }

  /** Makes the lane of an idle key ready, or forgets it if no value waits there. */
  #onIdle(lane: Lane<T>): void {
    if (lane.head) this.#ready.push(lane);
    else this.#lanes.delete(lane.key);
  }

  #takeHead(lane: Lane<T>): Waiting<T> {
    const node = lane.head as Node<T>;
    const { behind, older, newer } = node;
    lane.head = behind;
    if (!behind) lane.tail = undefined;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    this.#length--;
    return node;
  }
}
