import type { Subscriber } from 'rxjs';

/** The observers of a stream. An observer that comes or leaves while a value is delivered changes nothing for that value. */
export class ObserverList<T> {
  readonly #observers = new Set<Subscriber<T>>();
  /** The observers as they are now, listed again for the first value after a change. */
  #snapshot: readonly Subscriber<T>[] | undefined;

  get size(): number {
    return this.#observers.size;
  }

  /** The observer that is alone, if one is. */
  get sole(): Subscriber<T> | undefined {
    return this.size === 1 ? this.#all()[0] : undefined;
  }

  add(observer: Subscriber<T>): void {
    this.#observers.add(observer);
    this.#snapshot = undefined;
  }

  delete(observer: Subscriber<T>): boolean {
    this.#snapshot = undefined;
    return this.#observers.delete(observer);
  }

  /** Empties the list, and returns the observers that were in it. */
  clear(): readonly Subscriber<T>[] {
    const observers = this.#all();
    this.#observers.clear();
    this.#snapshot = undefined;
    return observers;
  }

  next(value: T): void {
    const observers = this.#all();
    for (let i = 0; i < observers.length; i++) (observers[i] as Subscriber<T>).next(value);
  }

  #all(): readonly Subscriber<T>[] {
    return (this.#snapshot ??= [...this.#observers]);
  }
}
