import { from, Subscriber, type ObservableInput, type Observer } from 'rxjs';
import type { WaitingLine } from '../queue/waiting-line.js';
import type { WaitingOrder } from '../queue/waiting-order.js';

export interface BoundedMergeOptions<T, R> {
  readonly destination: Subscriber<R>;
  readonly project: (value: T, index: number) => ObservableInput<R>;
  readonly concurrent: number;
  readonly key: ((value: T) => unknown) | undefined;
  readonly order: WaitingOrder<T>;
  readonly line: WaitingLine<T>;
}

/** Observer of the source of a `mergeMapBounded`. */
export class BoundedMerge<T, R> implements Observer<T> {
  readonly #options: BoundedMergeOptions<T, R>;
  #starting: Inner<R> | undefined;
  #active = 0;
  #index = 0;
  #isSourceComplete = false;

  constructor(options: BoundedMergeOptions<T, R>) {
    this.#options = options;
  }

  next(value: T): void {
    const { destination, concurrent, key: keyOf, order, line } = this.#options;
    try {
      const key = keyOf?.(value);
      if (destination.closed) return;
      // While a slot is free, every value in the line waits for a busy key. A value with an idle key starts at once: no
      // value of the same key waits before it.
      if (this.#active < concurrent && order.claim(key)) this.#start(value, key);
      else line.push(value, key);
      this.#proceed();
    } catch (error) {
      destination.error(error);
    }
  }

  error(error: unknown): void {
    this.#options.destination.error(error);
  }

  complete(): void {
    this.#isSourceComplete = true;
    this.#proceed();
  }

  /** Frees the slot of an inner stream that has completed and has been torn down. */
  end(inner: Inner<R>): void {
    if (inner === this.#starting) {
      // The inner stream is still inside its subscribe function. The loop that started this stream starts the next value:
      // starting one from here would grow the stack with every value.
      inner.hasEnded = true;
    } else {
      this.#release(inner);
      this.#proceed();
    }
  }

  #start(value: T, key: unknown): void {
    const { destination, project } = this.#options;
    // Re-entrancy: an inner stream that emits while it starts may make the source emit, and so start another inner stream.
    const interrupted = this.#starting;
    const inner = new Inner(destination, this, key);
    this.#active++;
    this.#starting = inner;
    try {
      const input = from(project(value, this.#index++));
      if (!inner.closed) input.subscribe(inner);
    } catch (error) {
      destination.error(error);
    }
    this.#starting = interrupted;
    if (inner.hasEnded) this.#release(inner);
  }

  #release({ key }: Inner<R>): void {
    this.#active--;
    this.#options.order.release(key);
  }

  /**
   * Starts waiting values while slots are free, and completes the destination after the last inner stream of a completed
   * source.
   */
  #proceed(): void {
    const { destination, concurrent, line } = this.#options;
    while (line.length > 0 && this.#active < concurrent) {
      const waiting = line.next();
      if (!waiting) return;
      this.#start(waiting.value, waiting.key);
    }
    if (this.#isSourceComplete && this.#active === 0) destination.complete();
  }
}

/** Subscriber to one inner stream. Values and errors go to the destination; the completion does not. */
class Inner<R> extends Subscriber<R> {
  hasEnded = false;

  constructor(
    destination: Subscriber<R>,
    readonly merge: { end(inner: Inner<R>): void },
    readonly key: unknown,
  ) {
    // The deprecated constructor is the only way to tie a subscriber to its destination that costs no more than the one in
    // `mergeMap`. No release of RxJS 7 will remove it.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    super(destination);
  }

  protected override _complete(): void {
    try {
      this.unsubscribe();
    } finally {
      // Tear down first: this stream releases its resources before the next one starts.
      this.merge.end(this);
    }
  }
}
