import { Heap } from './heap.js';
import type { Waiting, WaitingOrder } from '../queue/waiting-order.js';

/** Values that wait for one key: at least one. */
interface Lane<T> {
  readonly key: unknown;
  head: Node<T>;
  tail: Node<T>;
}

/** Element of two lists: the list of its lane, and the list of all lanes together. */
interface Node<T> {
  readonly waiting: Waiting<T>;
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
  readonly #busy = new Set<unknown>();
  readonly #lanes = new Map<unknown, Lane<T>>();
  /** Lanes whose key is idle. */
  readonly #ready = new Heap<Lane<T>>(({ head }) => head.at);
  #oldest: Node<T> | undefined;
  #newest: Node<T> | undefined;
  #length = 0;
  #arrivals = 0;

  get length(): number {
    return this.#length;
  }

  claim(key: unknown): boolean {
    const before = this.#busy.size;
    return this.#busy.add(key).size > before;
  }

  release(key: unknown): void {
    this.#busy.delete(key);
    const lane = this.#length > 0 ? this.#lanes.get(key) : undefined;
    if (lane) this.#ready.push(lane);
  }

  push(waiting: Waiting<T>): void {
    const { key } = waiting;
    const older = this.#newest;
    const node = { waiting, at: this.#arrivals++, behind: undefined, older, newer: undefined };
    if (older) older.newer = node;
    else this.#oldest = node;
    this.#newest = node;
    this.#length++;

    const lane = this.#lanes.get(key);
    if (lane) {
      lane.tail.behind = node;
      lane.tail = node;
    } else {
      const first = { key, head: node, tail: node };
      this.#lanes.set(key, first);
      if (!this.#busy.has(key)) this.#ready.push(first);
    }
  }

  next(): Waiting<T> | undefined {
    const lane = this.#ready.pop();
    if (!lane) return undefined;
    this.#busy.add(lane.key);
    return this.#takeHead(lane);
  }

  evict(): Waiting<T> | undefined {
    const lane = this.#oldest && this.#lanes.get(this.#oldest.waiting.key);
    if (!lane) return undefined;
    const isIdle = !this.#busy.has(lane.key);
    // The lane with the oldest value is at the top of the heap if its key is idle.
    if (isIdle) this.#ready.pop();
    const waiting = this.#takeHead(lane);
    if (isIdle && this.#lanes.has(lane.key)) this.#ready.push(lane);
    return waiting;
  }

  clear(): void {
    this.#busy.clear();
    this.#lanes.clear();
    this.#ready.clear();
    this.#oldest = this.#newest = undefined;
    this.#length = 0;
  }

  #takeHead(lane: Lane<T>): Waiting<T> {
    const { waiting, behind, older, newer } = lane.head;
    if (behind) lane.head = behind;
    else this.#lanes.delete(lane.key);
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    this.#length--;
    return waiting;
  }
}
