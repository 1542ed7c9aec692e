import { Observable, type Subscriber } from 'rxjs';
import { deliverFrom, type Flow } from '../../lib/queue/flow.js';

/** Source that can wait: it emits its values in one go, unless it is held, and completes behind the last one. */
export class PacedSource<T> extends Observable<T> implements Flow {
  readonly #values: readonly T[];
  readonly #holders = new Set<object>();
  readonly #burst: number;
  #at = 0;
  #isEmitting = false;
  #subscriber: Subscriber<T> | undefined;
  /** Calls of `hold` and `release` so far. */
  readonly calls: ('hold' | 'release')[] = [];

  /** `burst` is the number of values that the source emits at once; the next ones follow after some microtasks. */
  constructor(values: readonly T[], { burst = Infinity } = {}) {
    super((subscriber) => {
      this.#subscriber = subscriber;
      this.#emit();
    });
    this.#values = values;
    this.#burst = burst;
  }

  /** Number of emitted values. */
  get emitted(): number {
    return this.#at;
  }

  get isHeld(): boolean {
    return this.#holders.size > 0;
  }

  hold(holder: object): void {
    if (this.#holders.has(holder)) throw new Error('held twice by the same holder');
    this.#holders.add(holder);
    this.calls.push('hold');
  }

  release(holder: object): void {
    if (!this.#holders.delete(holder)) throw new Error('released without being held');
    this.calls.push('release');
    this.#emit();
  }

  #emit(): void {
    const subscriber = this.#subscriber;
    if (!subscriber || this.#isEmitting) return;
    this.#isEmitting = true;
    for (let left = this.#burst; left > 0 && this.#mayEmit(subscriber); left--) {
      const value = this.#values[this.#at++] as T;
      deliverFrom(this, () => subscriber.next(value));
    }
    this.#isEmitting = false;
    if (this.#at === this.#values.length) subscriber.complete();
    else if (this.#mayEmit(subscriber)) void Promise.resolve().then(() => this.#emit());
  }

  #mayEmit(subscriber: Subscriber<T>): boolean {
    return !this.isHeld && !subscriber.closed && this.#at < this.#values.length;
  }
}
