import { Observable, type ObservableInput, type ObservedValueOf, type OperatorFunction } from 'rxjs';
import { BoundedMerge } from './bounded-merge.js';
import { resolveBounds, type BufferOptions } from '../queue/buffer-options.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import { KeyedOrder } from './keyed-order.js';
import { subscribeWithin } from '../queue/subscribe-within.js';
import { WaitingLine } from '../queue/waiting-line.js';
import { ArrivalOrder } from '../queue/waiting-order.js';

/** Options of {@link mergeMapBounded}: {@link BufferOptions} for the waiting values, where `Infinity` lifts a bound. */
export interface MergeMapBoundedOptions<T> extends BufferOptions {
  /**
   * Maximum number of inner streams that run at a time, a positive integer or `Infinity`.
   * @default 1
   */
  readonly concurrent?: number | undefined;
  /**
   * Function that returns the key of a value. Values of the same key, as a `Map` compares keys, run one at a time and in
   * order; a value overtakes the values that wait for a busy key of their own. The operator calls the function once per
   * value, on arrival. A key without running or waiting values takes no memory.
   * @default no keys: values start in their order of arrival
   */
  readonly key?: ((value: T) => unknown) | undefined;
  /** Callback for each dropped value, including the value that `overflow: 'error'` refuses. */
  readonly onDrop?: ((value: T) => void) | undefined;
}

const OPTIONS = optionNames<MergeMapBoundedOptions<unknown>>({
  capacity: true,
  maxBytes: true,
  overflow: true,
  concurrent: true,
  key: true,
  onDrop: true,
});

/**
 * Projects each value to an inner stream like `mergeMap`, with a bound on the values that wait for their turn.
 *
 * ```text
 * source            -abc------d-----|
 * project(x)         x---|
 * mergeMapBounded(project, { capacity: 1, overflow: 'drop-oldest' })
 *                   -a---c----d-----|      b still waits for a when c comes, and is dropped
 * ```
 *
 * A hot source does not slow down for a slow consumer: values that arrive while `concurrent` inner streams run have to wait,
 * and `mergeMap` and `concatMap` keep them in an array without bound. Here `capacity` and `maxBytes` bound the waiting
 * values (not the running ones), and `overflow` decides which values are lost beyond the bounds. With `concurrent: 1`, the
 * default, `mergeMapBounded` is a bounded `concatMap`.
 *
 * `maxBytes` counts the payload: a string in UTF-8, a Buffer, typed array or ArrayBuffer by its length, a Message by its
 * `data`. Any other value counts as zero bytes, and only `capacity` bounds it. A value that does not have to wait passes at
 * any size.
 *
 * A source that can wait, such as a recoverable channel, is held instead if `overflow` drops no values and all operators in
 * between are synchronous. The message that it is delivering still finds room, even beyond the bounds; only a value that is
 * larger than `maxBytes` by itself overflows.
 *
 * Under `overflow: 'error'`, an overflow is a {@link BufferOverflowError} at once: the error unsubscribes the inner streams
 * and drops the waiting values. In all other respects the operator works as `mergeMap` does: an error of the source, of an
 * inner stream or of a function given here ends the stream; the stream completes when the source and all inner streams have
 * completed. Waiting values start in a loop, not one inside the other: however many complete synchronously, the stack does
 * not grow.
 *
 * ```ts
 * import { delay, from, of } from 'rxjs';
 * import { mergeMapBounded } from 'rx-redis-receiver';
 *
 * const save = (order: string) => of(`saved ${order}`).pipe(delay(10));
 *
 * from(['a', 'b', 'c', 'd'])
 *   .pipe(mergeMapBounded(save, { capacity: 2, overflow: 'drop-oldest', onDrop: (order) => console.log(`lost ${order}`) }))
 *   .subscribe((result) => console.log(result));
 * ```
 *
 * ```text
 * lost b
 * saved a
 * saved c
 * saved d
 * ```
 *
 * Ten customers at a time, each customer's orders one by one: `{ concurrent: 10, key: (order) => order.customer }`.
 *
 * @param project returns the inner stream for a value; `index` counts the projected values, from 0
 * @see {@link iterate} to pull instead
 */
export function mergeMapBounded<T, R>(
  project: (value: T, index: number) => ObservableInput<R>,
  options?: MergeMapBoundedOptions<T>,
): OperatorFunction<T, R>;
/** For a `project` that returns streams of several types, as {@link mergeMapBounded} in all other respects. */
export function mergeMapBounded<T, O extends ObservableInput<unknown>>(
  project: (value: T, index: number) => O,
  options?: MergeMapBoundedOptions<T>,
): OperatorFunction<T, ObservedValueOf<O>>;
export function mergeMapBounded<T, R>(
  project: (value: T, index: number) => ObservableInput<R>,
  options: MergeMapBoundedOptions<T> = {},
): OperatorFunction<T, R> {
  assertKnownOptions('the options of mergeMapBounded', options, OPTIONS);
  const { concurrent = 1, key, onDrop } = options;
  const bounds = resolveBounds(options, 'unbounded');
  if (concurrent !== Infinity && (!Number.isSafeInteger(concurrent) || concurrent < 1)) {
    throw invalidArgument("the option 'concurrent'", 'a positive integer or Infinity', concurrent);
  }
  assertFunction('the project', project);
  if (key !== undefined) assertFunction("the option 'key'", key);
  if (onDrop !== undefined) assertFunction("the option 'onDrop'", onDrop);
  return (source) =>
    new Observable((destination) => {
      const order = key ? new KeyedOrder<T>() : new ArrivalOrder<T>();
      const line = new WaitingLine(order, bounds, onDrop);
      const merge = new BoundedMerge({ destination, project, concurrent, key, order, line });
      subscribeWithin(destination, source, merge, () => merge.tearDown());
    });
}

function assertFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidArgument(name, 'a function', value);
}
