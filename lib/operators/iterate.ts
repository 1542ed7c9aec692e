import { isObservable, type Observable } from 'rxjs';
import { assertSignal } from '../abort.js';
import { BoundedIterator } from '../queue/bounded-iterator.js';
import { resolveBounds, type BufferOptions } from '../queue/buffer-options.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import { WaitingLine } from '../queue/waiting-line.js';
import { ArrivalOrder } from '../queue/waiting-order.js';

/**
 * Options of {@link iterate}: {@link BufferOptions} for the values that wait to be pulled, where `Infinity` lifts a bound.
 */
export interface IterateOptions<T> extends BufferOptions {
  /** Callback for each dropped value, including the value that `overflow: 'error'` refuses. */
  readonly onDrop?: ((value: T) => void) | undefined;
  /** Signal that ends the iteration: waiting values are dropped, and open pulls reject with the reason. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = optionNames<IterateOptions<unknown>>({
  capacity: true,
  maxBytes: true,
  overflow: true,
  onDrop: true,
  signal: true,
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
 * A source that can wait, such as a recoverable channel, is held instead if `overflow` drops no values and all operators in
 * between are synchronous. The message that it is delivering still finds room, even beyond the bounds; only a value that is
 * larger than `maxBytes` by itself overflows.
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
  const { onDrop, signal } = options;
  assertSignal(signal);
  if (onDrop !== undefined && typeof onDrop !== 'function') {
    throw invalidArgument("the option 'onDrop'", 'a function', onDrop);
  }
  const line = new WaitingLine(new ArrivalOrder<T>(), resolveBounds(options, 'unbounded'), onDrop);
  return new BoundedIterator(source, line, { signal });
}
