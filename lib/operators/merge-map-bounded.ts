import { Observable, type ObservableInput, type OperatorFunction } from 'rxjs';
import { BoundedMerge } from './bounded-merge.js';
import { resolveBounds, type BufferOptions } from '../queue/buffer-options.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import { KeyedOrder } from './keyed-order.js';
import { subscribeWithin } from './subscribe-within.js';
import { WaitingLine } from './waiting-line.js';
import { ArrivalOrder } from './waiting-order.js';

/** As {@link BufferOptions}, for the values that wait; here `Infinity` lifts a bound. */
export interface MergeMapBoundedOptions<T> extends BufferOptions {
  /**
   * The most inner streams that run at a time, a positive integer or `Infinity`.
   * @default 1
   */
  readonly concurrent?: number | undefined;
  /**
   * Keeps the order among values of the same key, as a `Map` compares them: one of a key runs at a time, and a value
   * overtakes those that wait for their key. Asked once a value, when it comes. A key that is done leaves nothing behind.
   * @default no keys: values start in the order in which they came
   */
  readonly key?: ((value: T) => unknown) | undefined;
  /** Hears of each value that is dropped, also of the one that `overflow: 'error'` refuses. */
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
 * Like `mergeMap`, with a bound on the values that wait for their turn.
 *
 * ```text
 * source            -abc------d-----|
 * project(x)         x---|
 * mergeMapBounded(project, { capacity: 1, overflow: 'drop-oldest' })
 *                   -a---c----d-----|      b still waits for a when c comes, and is dropped
 * ```
 *
 * A hot source does not slow down for a slow consumer: what comes while `concurrent` inner streams run has to wait, and
 * `mergeMap` and `concatMap` let it wait in an array without bound. Here `capacity` and `maxBytes` bound what waits (not
 * what runs), and `overflow` says what happens to the rest. With `concurrent: 1`, the default, this is a bounded
 * `concatMap`.
 *
 * `maxBytes` counts the payload: a string in UTF-8, a Buffer, typed array or ArrayBuffer by its length, a Message by its
 * `data`. Any other value counts nothing, and only `capacity` bounds it. A value that does not have to wait passes
 * whatever its size.
 *
 * An overflow under `overflow: 'error'` is a {@link BufferOverflowError} at once: it unsubscribes the inner streams and
 * drops what waits. All else is as in `mergeMap`: errors of the source, of an inner stream or of a function given here end
 * the stream; it completes when the source and all inner streams have. Values that wait start in a loop, not one inside
 * the other: however many complete synchronously, the stack does not grow.
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
 * @param project makes an inner stream of a value; `index` counts the values projected, from 0
 * @see {@link iterate} to pull instead
 */
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
      destination.add(() => line.clear());
      subscribeWithin(
        destination,
        source,
        new BoundedMerge({ destination, project, concurrent, key, order, line }),
      );
    });
}

function assertFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidArgument(name, 'a function', value);
}
