import { of, retry, throwError, type MonoTypeOperatorFunction } from 'rxjs';
import { invalidArgument } from '../errors/invalid-argument.js';

export interface RetryRecoverableOptions {
  /** Hears of each error that the stream goes on behind. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** Errors that stand at one place of the stream, by their `code`: two copies of this package have classes of their own. */
const RECOVERABLE: readonly unknown[] = ['ERR_BUFFER_OVERFLOW', 'ERR_DECODE', 'ERR_GAP', 'ERR_SUBSCRIBE'];

/**
 * Goes on behind the errors that stand at one place in the stream of a Receiver or a Channel, and hands on all others.
 *
 * ```text
 * source             --a--b--#           (DecodeError)
 * subscribed again           --c--d--#   (ConnectionLostError)
 * retryRecoverable() --a--b----c--d--#
 * ```
 *
 * It subscribes again after a {@link DecodeError}, {@link BufferOverflowError}, {@link GapError} or {@link SubscribeError}:
 * nothing is lost but what the error stands for, and Redis is asked for a name that it refuses with a pause that grows to two
 * seconds. A {@link ConnectionLostError} is final, and an error of your own operators may be a fault: both come through,
 * where RxJS's `retry()` would try again.
 *
 * ```ts
 * import { Receiver, json, retryRecoverable } from 'rx-redis-receiver';
 *
 * const receiver = await Receiver.open(process.env.REDIS_URL, { codec: json<{ id: number }>() });
 * receiver.channel('orders');
 * receiver
 *   .pipe(retryRecoverable({ onError: (error) => console.warn(error.message) }))
 *   .subscribe({ next: ({ data }) => console.log(data.id), error: (error) => console.error('The end:', error) });
 * ```
 *
 * @throws {TypeError} an option that is none
 */
export function retryRecoverable<T>(options: RetryRecoverableOptions = {}): MonoTypeOperatorFunction<T> {
  const { onError } = options;
  if (onError !== undefined && typeof onError !== 'function')
    throw invalidArgument("the option 'onError'", 'a function', onError);
  return retry({
    delay(error: unknown) {
      if (!RECOVERABLE.includes((error as { readonly code?: unknown } | null | undefined)?.code))
        return throwError(() => error);
      onError?.(error as Error);
      return of(true);
    },
  });
}
