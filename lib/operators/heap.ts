/**
 * Binary heap: `pop` returns the item of the lowest rank. The rank of an item must not change while the heap holds the item.
 */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #rank: (item: T) => number;

  constructor(rank: (item: T) => number) {
    this.#rank = rank;
  }

  push(item: T): void {
    let at = this.#items.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#items[above] as T;
      if (this.#rank(parent) <= this.#rank(item)) break;
      this.#items[at] = parent;
      at = above;
    }
    this.#items[at] = item;
  }

  pop(): T | undefined {
    const top = this.#items[0];
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.#sink(last);
    return top;
  }

  clear(): void {
    this.#items.length = 0;
  }

  /** Replaces the top by an item, and sifts the item down. */
  #sink(item: T): void {
    const { length } = this.#items;
    let at = 0;
    for (let below = 1; below < length; below = at * 2 + 1) {
      if (below + 1 < length && this.#rankAt(below + 1) < this.#rankAt(below)) below++;
      if (this.#rank(item) <= this.#rankAt(below)) break;
      this.#items[at] = this.#items[below] as T;
      at = below;
    }
    this.#items[at] = item;
  }

  #rankAt(index: number): number {
    return this.#rank(this.#items[index] as T);
  }
}
