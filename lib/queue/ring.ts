const SMALLEST = 16;
/** A ring that has once had so many slots keeps them: what comes in chunks would make it grow and shrink with each. */
const KEPT = 1_024;

/**
 * First in, first out, in constant time. Doubles when it is full and halves when three quarters lie idle, so that a
 * burst does not keep its memory; an array's `shift` would cost time in proportion to its length.
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

  /** The value that `index` others stand before. */
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
