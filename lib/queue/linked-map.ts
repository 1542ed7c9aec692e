interface Entry<K, V> {
  readonly key: K;
  readonly value: V;
  previous: Entry<K, V> | undefined;
  next: Entry<K, V> | undefined;
}

/** A Map that finds its oldest entry in constant time; a built-in `Map` walks over the entries deleted before it. */
export class LinkedMap<K, V> {
  readonly #entries = new Map<K, Entry<K, V>>();
  #oldest: Entry<K, V> | undefined;
  #newest: Entry<K, V> | undefined;

  get size(): number {
    return this.#entries.size;
  }

  /** The oldest entry; undefined if the map is empty. */
  get oldest(): Pick<Entry<K, V>, 'key' | 'value'> | undefined {
    return this.#oldest;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)?.value;
  }

  keys(): readonly K[] {
    return [...this.#entries.keys()];
  }

  /** Appends an entry; its key must not be in the map. */
  append(key: K, value: V): void {
    const entry: Entry<K, V> = { key, value, previous: this.#newest, next: undefined };
    this.#entries.set(key, entry);
    if (this.#newest) this.#newest.next = entry;
    else this.#oldest = entry;
    this.#newest = entry;
  }

  /** Removes an entry; returns false if the key was not in the map. */
  delete(key: K): boolean {
    const entry = this.#entries.get(key);
    if (!entry) return false;
    this.#entries.delete(key);
    const { previous, next } = entry;
    if (previous) previous.next = next;
    else this.#oldest = next;
    if (next) next.previous = previous;
    else this.#newest = previous;
    return true;
  }

  clear(): void {
    this.#entries.clear();
    this.#oldest = this.#newest = undefined;
  }
}
