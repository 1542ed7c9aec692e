const SMALLEST = 16;
/** The number of slots that a ring keeps once it has them: it would grow and shrink with each chunk of values. */
const KEPT = 1_024;

/**
 * A first-in, first-out queue in constant time. It doubles when it is full and halves when less than a quarter is in use, so
 * that a burst does not keep its memory. An array's `shift` would take time in proportion to the array's length.
 */
export class Ring<T> {
  #slots: (T | undefined)[] = [];
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: T): void {
    if (this.#length === this.#slots.length) this.#resize(this.#length * 2 || SMALLEST);
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = value;
    this.#length++;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    if (this.#length * 4 < this.#slots.length && this.#slots.length > KEPT)
      this.#resize(this.#slots.length / 2);
    return value;
  }

  /** Returns the value with `index` values in front of it. */
  at(index: number): T | undefined {
    return index < this.#length ? this.#slots[(this.#head + index) & (this.#slots.length - 1)] : undefined;
  }

  clear(): void {
    this.#slots = [];
    this.#head = 0;
    this.#length = 0;
  }

  #resize(size: number): void {
    const slots = new Array<T | undefined>(size);
    for (let i = 0; i < this.#length; i++)
      slots[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }
}
