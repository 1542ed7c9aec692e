import { from, observable, type ObservableInput, type Observer, type Subscriber } from 'rxjs';
import { currentHandling, type Handling } from '../queue/handling.js';
import type { WaitingLine } from '../queue/waiting-line.js';
import type { WaitingOrder } from '../queue/waiting-order.js';
import { reportUnhandled } from '../report-unhandled.js';
import { handleWith } from './handle-with.js';
import { InnerStreams } from './inner-streams.js';
import { InnerSubscriber } from './inner-subscriber.js';

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
  readonly #running = new InnerStreams();
  /** Inner stream inside its subscribe function, if no later value has started meanwhile. */
  #starting: InnerSubscriber<R> | undefined;
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
      if (this.#active < concurrent && order.claim(key)) this.#start(value, key, currentHandling()?.begin());
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
    this.#options.line.releaseAll();
  }

  /** Drops the waiting values, unsubscribes the inner streams, and releases the sources that wait. */
  tearDown(): void {
    const { line } = this.#options;
    line.clear();
    try {
      this.#running.unsubscribe();
    } finally {
      line.releaseAll();
    }
  }

  /** Frees the slot of an inner stream that has completed and has been torn down. */
  end(inner: InnerSubscriber<R>): void {
    if (inner === this.#starting) {
      // The inner stream is still inside its subscribe function. The loop that started this stream starts the next value:
      // starting one from here would grow the stack with every value.
      inner.hasEnded = true;
    } else {
      this.#release(inner.key);
      this.#proceed();
    }
  }

  #start(value: T, key: unknown, handling: Handling | undefined): void {
    const { destination, project } = this.#options;
    // Re-entrancy: an inner stream that emits while it starts may make the source emit, and so start another inner stream.
    const interrupted = this.#starting;
    this.#starting = undefined;
    this.#active++;
    let hasEnded = false;
    try {
      const input = project(value, this.#index++);
      // The project function may have unsubscribed.
      if (destination.closed) handling?.end('abandoned');
      hasEnded = this.#run(handling && !destination.closed ? handleWith(input, handling) : input, key);
    } catch (error) {
      handling?.end('failed');
      destination.error(error);
    }
    this.#starting = interrupted;
    if (hasEnded) this.#release(key);
  }

  /** Passes on an inner stream, and returns whether it has ended. Promises and arrays need no Observable, which costs more. */
  #run(input: ObservableInput<R>, key: unknown): boolean {
    const { destination } = this.#options;
    if (isNativePromise(input)) {
      input.then((result) => this.#onResult(result, key), this.#onRejection);
      return false;
    }
    if (Array.isArray(input)) {
      for (let i = 0; i < input.length && !destination.closed; i++) destination.next(input[i] as R);
      return true;
    }
    const stream = from(input);
    if (destination.closed) return false;
    const inner = new InnerSubscriber(destination, this.#running, key, this);
    this.#starting = inner;
    stream.subscribe(inner);
    return inner.hasEnded;
  }

  #onResult(result: R, key: unknown): void {
    const { destination } = this.#options;
    if (destination.closed) return;
    try {
      destination.next(result);
      this.#release(key);
      this.#proceed();
    } catch (error) {
      reportUnhandled(error);
    }
  }

  readonly #onRejection = (error: unknown): void => {
    try {
      this.#options.destination.error(error);
    } catch (thrown) {
      reportUnhandled(thrown);
    }
  };

  #release(key: unknown): void {
    this.#active--;
    this.#options.order.release(key);
  }

  /**
   * Starts waiting values while slots are free, and completes the destination after the last inner stream of a completed
   * source.
   */
  #proceed(): void {
    if (this.#options.line.length > 0) this.#startWaiting();
    if (this.#isSourceComplete && this.#active === 0) this.#options.destination.complete();
  }

  #startWaiting(): void {
    const { concurrent, line } = this.#options;
    while (line.length > 0 && this.#active < concurrent) {
      const waiting = line.next();
      if (!waiting) break;
      this.#start(waiting.value, waiting.key, waiting.handling);
    }
    line.relax();
  }
}

/**
 * Returns whether an input is a promise with the `then` of the language, which calls one handler, once, and later. RxJS
 * prefers `Symbol.observable` if the input has both.
 */
function isNativePromise<T>(input: ObservableInput<T>): input is Promise<T> {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- RxJS looks for this symbol, too.
  return input instanceof Promise && input.then === Promise.prototype.then && !(observable in input);
}
