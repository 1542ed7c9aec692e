import { isObservable, Subscription, type Observable } from 'rxjs';
import { resolveBounds, type BufferOptions } from '../queue/buffer-options.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import { Ring } from '../queue/ring.js';
import { subscribeWithin } from './subscribe-within.js';
import { WaitingLine } from './waiting-line.js';
import { ArrivalOrder } from './waiting-order.js';

/**
 * Options of {@link iterate}: {@link BufferOptions} for the values that wait to be pulled, where `Infinity` lifts a bound.
 */
export interface IterateOptions<T> extends BufferOptions {
  /** Callback for each dropped value, including the value that `overflow: 'error'` refuses. */
  readonly onDrop?: ((value: T) => void) | undefined;
}

const OPTIONS = optionNames<IterateOptions<unknown>>({
  capacity: true,
  maxBytes: true,
  overflow: true,
  onDrop: true,
});

/**
 * Pulls the values of an Observable with `for await`, with a bound on the values that wait to be pulled.
 *
 * ```text
 * source   ---a-b-c-----d-|
 * next()   -^----^-^--^---^
 * answer      a  b c    d |      b and c have waited
 * ```
 *
 * The first `next()` subscribes. A `break`, an error in the loop's body, `return()` and `throw()` unsubscribe, drop the
 * waiting values and answer the open pulls with `done`. Calls of `next()` need not wait for one another: the iterator
 * answers them in order. When the source has completed or failed, the waiting values come first.
 *
 * `maxBytes` counts the payload: a string in UTF-8, a Buffer, typed array or ArrayBuffer by its length, a Message by its
 * `data`. Any other value counts as zero bytes, and only `capacity` bounds it.
 *
 * With `overflow: 'error'`, the default, the first value that finds the buffer full ends the iteration: the iterator
 * unsubscribes at once, the waiting values can still be pulled, and then `next()` rejects with a
 * {@link BufferOverflowError}. An error thrown by `onDrop` ends the iteration in the same way.
 *
 * ```ts
 * import { interval, take } from 'rxjs';
 * import { iterate } from 'rx-redis-receiver';
 *
 * const ticks = interval(10).pipe(take(3));
 *
 * for await (const tick of iterate(ticks, { capacity: 100, overflow: 'drop-oldest' })) {
 *   console.log(tick);
 * }
 * ```
 *
 * ```text
 * 0
 * 1
 * 2
 * ```
 *
 * A Receiver does not need `iterate`: a Receiver is iterable itself, from its own queue.
 *
 * @see {@link mergeMapBounded} to stay in the stream
 */
export function iterate<T>(
  source: Observable<T>,
  options: IterateOptions<T> = {},
): AsyncIterableIterator<T> & AsyncDisposable {
  if (!isObservable(source)) throw invalidArgument('the source', 'an Observable', source);
  assertKnownOptions('the options of iterate', options, OPTIONS);
  const { onDrop } = options;
  if (onDrop !== undefined && typeof onDrop !== 'function') {
    throw invalidArgument("the option 'onDrop'", 'a function', onDrop);
  }
  return new BoundedIterator(
    source,
    new WaitingLine(new ArrivalOrder(), resolveBounds(options, 'unbounded'), onDrop),
  );
}

type State =
  | { readonly is: 'idle' }
  | { readonly is: 'open' }
  /** No value arrives any more: the waiting values are delivered, and then the failure, once. */
  | { readonly is: 'ended'; readonly failure?: Failure | undefined };

/** Box of an error, because a source may also fail with `undefined`. */
interface Failure {
  readonly error: unknown;
}

interface Pull<T> {
  resolve(result: IteratorResult<T>): void;
  reject(error: unknown): void;
}

class BoundedIterator<T> implements AsyncIterableIterator<T>, AsyncDisposable {
  readonly #source: Observable<T>;
  readonly #line: WaitingLine<T>;
  /** Open pulls. While a pull waits, no value does. */
  readonly #pulls = new Ring<Pull<T>>();
  readonly #subscription = new Subscription();
  #state: State = { is: 'idle' };

  constructor(source: Observable<T>, line: WaitingLine<T>) {
    this.#source = source;
    this.#line = line;
  }

  next(): Promise<IteratorResult<T>> {
    const waiting = this.#line.next();
    if (waiting) return Promise.resolve({ done: false, value: waiting.value });
    if (this.#state.is === 'ended') {
      const { failure } = this.#state;
      this.#state = { is: 'ended' };
      return failure ? Promise.reject(failure.error) : Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => {
      // Add the pull before the source runs: the first value of a synchronous source is for this pull, and takes no room.
      this.#pulls.push({ resolve, reject });
      if (this.#state.is === 'idle') this.#open();
    });
  }

  async return(value?: unknown): Promise<IteratorResult<T, unknown>> {
    this.#release();
    return { done: true, value: await value };
  }

  async throw(error?: unknown): Promise<never> {
    this.#release();
    return Promise.reject(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #open(): void {
    this.#state = { is: 'open' };
    subscribeWithin(this.#subscription, this.#source, {
      next: (value) => this.#accept(value),
      error: (error: unknown) => this.#end({ error }),
      complete: () => this.#end(),
    });
  }

  #accept(value: T): void {
    const pull = this.#pulls.shift();
    if (pull) return pull.resolve({ done: false, value });
    try {
      this.#line.push(value);
    } catch (error) {
      // An `onDrop` that called `return()` before it threw has ended the iteration: no pull is left to reject.
      if (this.#state.is === 'open') this.#end({ error });
    }
  }

  #release(): void {
    this.#line.clear();
    this.#end();
  }

  #end(failure?: Failure): void {
    const first = this.#pulls.shift();
    this.#state = { is: 'ended', failure: first ? undefined : failure };
    if (first && failure) first.reject(failure.error);
    else first?.resolve({ done: true, value: undefined });
    for (let pull = this.#pulls.shift(); pull; pull = this.#pulls.shift())
      pull.resolve({ done: true, value: undefined });
    // Unsubscribe last: the source's teardown may throw or call the iterator, and by now no pull waits.
    this.#subscription.unsubscribe();
  }
}
